// With a screen reader, with a keyboard, on a phone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { story } from './world.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const phone = { width: 360, height: 740 };

for (const [device, viewport] of [['a desk', { width: 1366, height: 860 }], ['a phone', phone]]) {
  for (const colorScheme of ['light', 'dark']) {
    story(`axe-core finds nothing on ${device}, in ${colorScheme} colours`, { timeoutMs: 300_000 }, async (world) => {
      await world.serve();
      const ada = await world.arrive('ada', { browser: { viewport, colorScheme } });
      const { page } = ada;
      await isAccessible(page, 'the list');
      await fitsTheWidth(page);
      await page.getByRole('button', { name: 'New draft', exact: true }).click();
      await isAccessible(page, 'the new draft');
      await page.keyboard.press('Escape');
      await ada.begin('Read aloud', ['bob']);
      await ada.append('Confirmed.');
      await ada.isSynced();
      await ada.workOffline(true);
      await ada.append('Pending.');
      await isAccessible(page, 'a draft');
      await fitsTheWidth(page);
      await page.getByRole('button', { name: 'This device' }).click();
      await isAccessible(page, 'the device');
      await page.keyboard.press('Escape');
      if (viewport === phone) {
        await ada.button('Ring').click();
        await isAccessible(page, 'the ring');
        await fitsTheWidth(page);
      }
      await ada.goTo('#/kept');
      await isAccessible(page, 'the kept work');
      await page.goto(ada.address);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await isAccessible(page, 'the first page');
      await fitsTheWidth(page);
    });
  }
}

for (const [device, viewport] of [['a desk', { width: 1366, height: 860 }], ['a phone', phone]]) {
  for (const colorScheme of ['light', 'dark']) {
    story(`axe-core finds nothing on ${device}, in ${colorScheme} colours, in company and in trouble`, { timeoutMs: 300_000 }, async (world) => {
      await world.serve();
      const bob = await world.arrive('bob', { browser: { viewport, colorScheme } });
      const ada = await world.arrive('ada');
      const { page } = bob;
      await ada.begin('In company', ['bob']);
      await bob.choose('In company');
      await ada.append('Confirmed.');
      await bob.reads('Confirmed.');
      await isAccessible(page, 'somebody else’s turn');
      await fitsTheWidth(page);
      await ada.passTo('bob');
      await bob.holdsTheRing();
      if (viewport === phone) await bob.button('Ring').click();
      await page.getByRole('button', { name: 'Make a link' }).click();
      await page.getByLabel('The link, shown only now.').waitFor();
      await isAccessible(page, 'an invite');
      await fitsTheWidth(page);
      await page.getByRole('slider').fill('2');
      await page.getByText('After change 2').waitFor({ state: 'attached' });
      if (viewport === phone) await bob.button('Ring').click();
      await isAccessible(page, 'the past');
      if (viewport === phone) await bob.button('Ring').click();
      await page.getByRole('slider').press('Escape');
      if (viewport === phone) await bob.button('Ring').click();

      await bob.workOffline(true);
      await bob.append('Too late.');
      await ada.button('Reclaim').click();
      await ada.holdsTheRing();
      await bob.workOffline(false);
      await page.getByText('1 change not accepted').first().waitFor();
      await isAccessible(page, 'kept work at its draft');
      await bob.goTo('#/kept');
      await page.getByRole('button', { name: 'Resubmit' }).waitFor();
      await isAccessible(page, 'kept work');
      await fitsTheWidth(page);
      await page.getByRole('button', { name: 'Dismiss' }).click();
      await isAccessible(page, 'a question');
      await page.keyboard.press('Escape');

      await ada.button('Lock').click();
      await bob.goTo(`#/draft/${ada.draftId()}`);
      await page.locator('.draft-facts', { hasText: 'locked' }).waitFor();
      await isAccessible(page, 'a locked draft');
      await ada.button('Complete').click();
      await ada.page.getByRole('dialog').getByRole('button', { name: 'Complete' }).click();
      await page.locator('.draft-facts', { hasText: 'completed' }).waitFor();
      await isAccessible(page, 'a completed draft');
      await bob.goTo('#/draft/018f0000-0000-7000-8000-000000000000');
      await page.getByText('There is no such draft for you').waitFor();
      await isAccessible(page, 'no such draft');
      await page.getByRole('main').getByRole('link', { name: 'Your drafts' }).click();
      await page.getByRole('link', { name: 'In company' }).waitFor();
    });
  }
}

story('on a phone, a long title and a long name leave room for the text, and what covers it can be put away', {}, async (world) => {
  await world.serve();
  const title = 'A title that goes on and on '.repeat(7).trim();
  const name = 'maximiliane.von-und-zu-hohenfels@department-of-letters.example.org';
  const ada = await world.arrive('ada', { browser: { viewport: phone, hasTouch: true } });
  const max = await world.arrive(name, { browser: { viewport: phone, hasTouch: true } });
  await fitsTheWidth(max.page);
  await ada.begin(title, [name]);
  await ada.append('The text.');
  await ada.isSynced();
  await fitsTheWidth(ada.page);
  const text = await ada.page.getByRole('region', { name: 'Text' }).boundingBox();
  assert.ok(text.height > phone.height / 3, `the text has ${text.height} px of ${phone.height}`);
  await ada.button('Ring').click();
  await ada.page.getByRole('button', { name: 'Make a link' }).waitFor();
  await fitsTheWidth(ada.page);
  await ada.button('Ring').click();
  assert.equal(await ada.page.getByRole('button', { name: 'Make a link' }).isVisible(), false);
  await ada.passTo(name);
  await fitsTheWidth(ada.page);
});

story('on a phone, too, a link that lets nobody in says why', {}, async (world) => {
  await world.serve();
  const eve = await world.arrive('eve', { browser: { viewport: phone, hasTouch: true } });
  await eve.goTo('#invite=half');
  await eve.page.getByText('This link lets nobody in').waitFor();
  await isAccessible(eve.page, 'an invite that does not work');
});

story('a draft is begun, written and passed with the keyboard alone', {}, async (world) => {
  await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  const { keyboard } = ada.page;
  await ada.linkIs('Live');
  await tabTo(ada, 'New draft');
  await keyboard.press('Enter');
  await keyboard.type('By keyboard');
  await keyboard.press('Tab');
  await keyboard.type('bob');
  await keyboard.press('Enter');
  await ada.heading('By keyboard').waitFor();
  assert.equal(await focused(ada), 'By keyboard', 'the focus is where the draft begins');

  await tabTo(ada, 'Your next segment');
  await keyboard.type('Not a mouse in sight.');
  await keyboard.press('Control+Enter');
  await ada.reads('Not a mouse in sight.');
  await tabTo(ada, 'Pass the ring', 'Shift+Tab');
  await keyboard.press('Enter');

  await bob.choose('By keyboard');
  await bob.holdsTheRing();
  await bob.reads('Not a mouse in sight.');
});

story('what others do is told as it happens', {}, async (world) => {
  await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  await ada.begin('Told', ['bob']);
  await bob.choose('Told');
  const told = bob.page.locator('[aria-live=polite]');
  await ada.append('Something new.');
  await told.filter({ hasText: 'ada appended 1 segment.' }).waitFor({ state: 'attached' });
  await ada.passTo('bob');
  await told.filter({ hasText: 'It is your turn' }).waitFor({ state: 'attached' });
});

story('with less motion wanted, the ring does not travel', {}, async (world) => {
  await world.serve();
  const ada = await world.arrive('ada', { browser: { reducedMotion: 'reduce' } });
  await ada.begin('Still', ['bob']);
  await ada.passTo('bob');
  const duration = await ada.page.locator('.carrier').evaluate((element) => getComputedStyle(element).transitionDuration);
  assert.equal(duration, '0s');
});

async function isAccessible(page, what) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help} (${node.target.join(' ')})`));
  });
  assert.deepEqual(violations, [], `on ${what}`);
}

async function fitsTheWidth(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `the page is ${over} px too wide`);
}

// Presses Tab until the focus is on what is called so.
async function tabTo(person, name, key = 'Tab') {
  const seen = [];
  for (let i = 0; i < 60; ++i) {
    await person.page.keyboard.press(key);
    const here = await focused(person);
    if (here.includes(name)) return;
    seen.push(here);
  }
  assert.fail(`"${name}" is not reached by keyboard; passed: ${seen.join(' | ')}`);
}

// How the element with the focus is called.
async function focused(person) {
  return person.page.evaluate(() => {
    const element = document.activeElement;
    const label = element.labels?.[0]?.textContent;
    return element.getAttribute('aria-label') ?? label ?? element.textContent.trim();
  });
}
