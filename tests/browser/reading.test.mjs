// Reading while others write: the end stays in sight for who reads there, and nobody else is moved.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { until } from '../../demo/person.mjs';
import { writeLongDraft } from './input.mjs';
import { run } from './server.mjs';
import { story } from './world.mjs';

story('the end stays in sight while a text grows, and a reader who has gone elsewhere is left there', {}, async (world) => {
  const server = await world.serve();
  const file = join(world.folder, 'long.jsonl');
  await writeLongDraft(file, { title: 'Growing', segments: 290 });
  assert.equal((await run(['import', file, '--server', server.syncAddress])).code, 0);
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  await ada.choose('Growing');
  await bob.choose('Growing');
  await bob.reads('290. ');

  for (let i = 1; i <= 5; ++i) await ada.append(`Line ${i} of what is new.`);
  await bob.reads('Line 5');
  await until('bob sees the end', async () => (await scroll(bob)).left < 2);

  await scrollAway(bob, 600);
  const before = await seen(bob);
  for (let i = 6; i <= 30; ++i) await ada.append(`Line ${i} of what is new.`);
  await ada.isSynced();
  await until('bob has what is new', async () => (await bob.chain()).seq === (await ada.chain()).seq);
  assert.deepEqual(await seen(bob), before, 'the text moved under the reader');

  await scrollAway(ada, 1_000);
  await ada.append('Who writes sees what they wrote.');
  await until('ada sees the end', async () => (await scroll(ada)).left < 2);
});

// Turn by turn of the wheel: what is further up may be read only then. Ends when the text rests.
async function scrollAway(person, px) {
  await person.page.getByRole('region', { name: 'Text' }).hover();
  await until(`${person.name} has scrolled away`, async () => {
    await person.page.mouse.wheel(0, -100);
    return (await scroll(person)).left > px;
  });
  let before;
  await until(`the text of ${person.name} rests`, async () => {
    const now = JSON.stringify(await seen(person));
    await person.page.waitForTimeout(200);
    return now === before || void (before = now);
  });
}

function scroll(person) {
  return person.page.getByRole('region', { name: 'Text' }).evaluate(({ scrollTop, scrollHeight, clientHeight }) => ({ left: scrollHeight - scrollTop - clientHeight }));
}

// The row at the top of the view, and where in it.
function seen(person) {
  return person.page.getByRole('region', { name: 'Text' }).evaluate((region) => {
    const { top } = region.getBoundingClientRect();
    const row = [...region.querySelectorAll('[data-position]')].find((each) => each.getBoundingClientRect().bottom > top);
    return { position: row.dataset.position, at: Math.round(row.getBoundingClientRect().top - top) };
  });
}
