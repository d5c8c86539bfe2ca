// The browser is asked to keep the storage when the user says so, and what it answers is said as it is.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { story } from './world.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// What a user who has not been asked, or said no, leaves a browser with; `answer()` is what it says from then on.
function answerWith(answer) {
  globalThis.asked = 0;
  StorageManager.prototype.persisted = async () => globalThis.asked > 0 && answer;
  StorageManager.prototype.persist = async () => (++globalThis.asked, answer);
}

async function sheetOf({ page }) {
  await page.getByRole('button', { name: 'This device' }).click();
  const sheet = page.getByRole('region', { name: 'This device' });
  await sheet.waitFor();
  return sheet;
}

const storageOf = (sheet) => sheet.locator('dt', { hasText: 'Storage' }).locator('+ dd');

story('the page asks the browser to keep the drafts only when it is told to, and offers it no more once it has', {}, async (world) => {
  await world.serve();
  const context = await world.browse('ada');
  await context.addInitScript(answerWith, true);
  const ada = await world.arrive('ada', { context });
  await ada.linkIs('Live');
  const sheet = await sheetOf(ada);
  assert.equal(await ada.page.evaluate(() => asked), 0, 'nobody has told it to');
  assert.match(await storageOf(sheet).textContent(), /may evict it/);
  await sheet.getByText('what was not sent would be lost').waitFor();
  await ada.page.evaluate(axe);
  const { violations } = await ada.page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.map(({ id }) => id), []);
  await world.screenshot(ada, 'keeping');

  await sheet.getByRole('button', { name: 'Keep it on this device' }).click();
  await ada.page.getByText('The browser has promised to keep your drafts').first().waitFor();
  assert.match(await storageOf(sheet).textContent(), /has promised to keep it/);
  assert.equal(await sheet.getByRole('button', { name: 'Keep it on this device' }).count(), 0, 'it is still offered');
  assert.equal(await ada.page.evaluate(() => asked), 1);
});

story('a browser that does not promise to keep the drafts is not said to have', {}, async (world) => {
  await world.serve();
  const context = await world.browse('ada');
  await context.addInitScript(answerWith, false);
  const ada = await world.arrive('ada', { context });
  await ada.linkIs('Live');
  const sheet = await sheetOf(ada);
  const ask = sheet.getByRole('button', { name: 'Keep it on this device' });
  await ask.click();
  await sheet.getByText('The browser said no.').waitFor();
  assert.match(await storageOf(sheet).textContent(), /may evict it/);
  assert.ok(await ask.isVisible(), 'it can be asked again');
  await world.screenshot(ada, 'keeping-refused');
});

story('in a real browser, what the panel says is what the browser says', {}, async (world) => {
  await world.serve();
  const ada = await world.arrive('ada');
  await ada.linkIs('Live');
  const sheet = await sheetOf(ada);
  const isKept = () => ada.page.evaluate(() => navigator.storage.persisted());
  assert.equal(await isKept(), false, 'the page has not asked');
  const said = ada.page.getByText(/The browser (has promised|did not promise) to keep your drafts/).first();
  await sheet.getByRole('button', { name: 'Keep it on this device' }).click();
  await said.waitFor();
  assert.equal(/has promised to keep it/.test(await storageOf(sheet).textContent()), await isKept());
});

story('a browser that keeps nothing for the page, and denies the clipboard, is written in all the same', {}, async (world) => {
  await world.serve();
  const context = await world.browse('ada');
  await context.addInitScript(() => {
    const denied = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    Object.defineProperty(globalThis, 'localStorage', { get: denied });
    Clipboard.prototype.writeText = async () => denied();
  });
  const ada = await world.arrive('ada', { context });
  await ada.begin('Nothing is kept here');
  await ada.append('Written.');
  await ada.reads('Written.');
  await ada.page.getByRole('button', { name: /^Colours/ }).click();
  await ada.page.getByRole('button', { name: 'Copy the whole link' }).click();
  await ada.page.getByRole('alert').getByText('The browser does not let the page use the clipboard').waitFor();
});

story('a page whose drafts were closed in it, or erased from another tab, says so and opens them again', {}, async (world) => {
  await world.serve();
  const context = await world.browse('ada');
  const [one, other] = [await world.arrive('ada', { context }), await world.arrive('ada', { context, newTab: true })];
  await one.begin('To be erased');
  await one.isSynced();
  await other.choose('To be erased');
  await other.field.fill('Typed on this device.');
  await one.page.getByRole('button', { name: /^This device/ }).click();
  await one.button('Erase this device').click();
  await one.page.getByRole('dialog').getByRole('button', { name: 'Erase' }).click();
  await one.page.getByLabel('Your name').waitFor();
  const closed = other.page.getByRole('alert').filter({ hasText: 'signed out' });
  await closed.getByRole('button', { name: 'Open again' }).click();
  await other.heading('To be erased').waitFor();
  await other.linkIs('Live');
});
