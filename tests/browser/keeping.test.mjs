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
