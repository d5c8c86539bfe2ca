// The main job on real writing: a draft with a history of its own, continued in two browsers.
import assert from 'node:assert/strict';

import { agreed, until } from '../../demo/person.mjs';
import { authorsOf, readDrafts, rfcFile, rfcMissing, segmentsOf } from './input.mjs';
import { run } from './server.mjs';
import { connectionRefused, story } from './world.mjs';

story(
  'two authors of an imported draft continue it in turns, through offline work, a reload and a dead server',
  { skip: rfcMissing, timeoutMs: 900_000, expect: [connectionRefused] },
  async (world, test) => {
    const server = await world.serve();
    const drafts = await readDrafts(rfcFile);
    await importAll(server, drafts, test);
    const { title, holder, other, segments } = aDraftOfTwo(drafts);

    const [ada, bob] = [await world.arrive(holder), await world.arrive(other)];
    for (const person of [ada, bob]) {
      await person.page.getByRole('searchbox').fill(title);
      await person.choose(title);
    }
    const draft = ada.draftId();
    assert.equal(bob.draftId(), draft);
    await ada.holdsTheRing();
    assert.deepEqual((await ada.segments()).map(({ text }) => text), segments);

    await ada.append('Continued in a browser.');
    await ada.passTo(other);

    await bob.holdsTheRing();
    await bob.reads('Continued in a browser.');
    await bob.workOffline(true);
    await bob.append('Written offline, first.');
    await bob.append('Written offline, second.');
    await bob.passTo(holder);
    await bob.page.reload();
    await bob.reads('Written offline, second.');
    await bob.isSynced();

    await ada.holdsTheRing();
    await ada.reads('Written offline, second.');
    await server.kill();
    await ada.linkIs('Offline');
    await ada.append('Written while the server was dead.');
    await ada.passTo(other);
    await server.start();
    await until('the links are live again', async () => (await ada.linkIs('Live'), await bob.linkIs('Live'), true));

    await bob.holdsTheRing();
    await bob.append('And so they ended.');
    await ada.reads('And so they ended.');
    await Promise.all([ada.isSynced(), bob.isSynced()]);

    const head = await agreed([ada, bob]);
    assert.deepEqual(await server.headOf(draft), head);
    assert.deepEqual(await ada.segments(), await bob.segments());
    assert.deepEqual(
      (await ada.segments()).slice(segments.length).map(({ author, text }) => [author, text]),
      [
        [holder, 'Continued in a browser.'],
        [other, 'Written offline, first.'],
        [other, 'Written offline, second.'],
        [holder, 'Written while the server was dead.'],
        [other, 'And so they ended.'],
      ],
    );
    await world.screenshot(ada, 'real-draft');

    await server.stop();
    const log = await server.ask('log', draft);
    assert.deepEqual({ seq: log.at(-1).seq, link: log.at(-1).link }, head);
    const [verified] = await server.ask('verify');
    assert.equal(verified.ok, true);
    assert.equal(verified.drafts, drafts.length);
    assert.equal(verified.segments, drafts.flatMap(segmentsOf).length + 5);
  },
);

story('the list of one who writes in many drafts is searched, narrowed to their turns, and shown in pages', { skip: rfcMissing }, async (world, test) => {
  const server = await world.serve();
  const drafts = await readDrafts(rfcFile);
  await importAll(server, drafts, test);
  const { author, theirs } = theBusiest(drafts);
  const ada = await world.arrive(author);
  const list = ada.page.getByRole('navigation', { name: 'Drafts' });
  const links = list.getByRole('link');
  const told = list.getByRole('status');
  const shown = (n) => until(`${n} drafts are shown`, async () => (await links.count()) === n);

  await shown(50);
  await ada.isSynced(); // until then rows come and move the button: a press may begin on it and end beside it
  await list.getByRole('button', { name: 'Show more' }).click();
  await shown(Math.min(150, theirs.length));

  const { title } = theirs.at(-1);
  await list.getByRole('searchbox').fill(title.toUpperCase());
  await shown(theirs.filter((draft) => draft.title.includes(title)).length);
  await list.getByRole('searchbox').fill('no draft is called so');
  await told.getByText('No draft matches.').waitFor();
  await list.getByRole('searchbox').fill('');
  await told.getByText(`${theirs.length} drafts`, { exact: true }).waitFor();

  await list.getByRole('checkbox', { name: 'My turn' }).check();
  const turns = theirs.filter((draft) => draft.turns.at(-1).author === author).length;
  await told.getByText(turns === 1 ? '1 draft' : `${turns} drafts`, { exact: true }).waitFor();
  await shown(Math.min(50, turns));
});

// Who takes part in most drafts.
function theBusiest(drafts) {
  const byAuthor = new Map();
  for (const draft of drafts) {
    for (const author of authorsOf(draft)) byAuthor.set(author, [...(byAuthor.get(author) ?? []), draft]);
  }
  const [author, theirs] = [...byAuthor].sort(([, a], [, b]) => b.length - a.length)[0];
  return { author, theirs };
}

async function importAll(server, drafts, test) {
  const started = performance.now();
  const { code, err } = await run(['import', rfcFile, '--server', server.syncAddress]);
  assert.equal(code, 0, `the import failed: ${err}`);
  const seconds = (performance.now() - started) / 1_000;
  test.diagnostic(`imported ${drafts.length} drafts, ${drafts.flatMap(segmentsOf).length} segments in ${seconds.toFixed(1)} s`);
}

// By exactly two authors, with some turns, and short enough to be on the page as a whole.
function aDraftOfTwo(drafts) {
  const draft = drafts.find((each) => authorsOf(each).length === 2 && each.turns.length >= 5 && segmentsOf(each).length <= 60);
  const holder = draft.turns.at(-1).author;
  const other = authorsOf(draft).find((author) => author !== holder);
  return { title: draft.title, holder, other, segments: segmentsOf(draft) };
}
