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

  await bob.page.getByRole('region', { name: 'Text' }).hover();
  await bob.page.mouse.wheel(0, -700);
  await until('bob has scrolled away', async () => (await scroll(bob)).left > 600);
  const before = await scroll(bob);
  for (let i = 6; i <= 30; ++i) await ada.append(`Line ${i} of what is new.`);
  await ada.isSynced();
  await until('bob has what is new', async () => (await bob.chain()).seq === (await ada.chain()).seq);
  assert.equal((await scroll(bob)).top, before.top, 'the text moved under the reader');

  await ada.page.getByRole('region', { name: 'Text' }).hover();
  await ada.page.mouse.wheel(0, -2_000);
  await until('ada has scrolled away', async () => (await scroll(ada)).left > 1_000);
  await ada.append('Who writes sees what they wrote.');
  await until('ada sees the end', async () => (await scroll(ada)).left < 2);
});

function scroll(person) {
  return person.page.getByRole('region', { name: 'Text' }).evaluate(({ scrollTop, scrollHeight, clientHeight }) => ({ top: scrollTop, left: scrollHeight - scrollTop - clientHeight }));
}
