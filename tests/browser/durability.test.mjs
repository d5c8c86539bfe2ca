// What `local` promises: once the page has given the text up, a killed browser has lost nothing.
import assert from 'node:assert/strict';

import { agreed } from '../../demo/person.mjs';
import { connectionRefused, story } from './world.mjs';

story('a segment survives a browser that is killed as soon as it is stored, and is sent by the next', {}, async (world) => {
  const server = await world.serve();
  const before = await world.arrive('ada');
  await before.linkIs('Live');
  await before.begin('Killed at once', ['bob']);
  await before.isSynced();
  const draft = before.draftId();
  await before.workOffline(true);
  await before.append('Stored here, sent by nobody yet.');
  await world.killBrowser(before.page.context());

  const after = await world.arrive('ada');
  await after.openDraft(draft);
  await after.reads('Stored here, sent by nobody yet.');
  await after.isSynced();
  assert.deepEqual(await server.headOf(draft), await after.chain());
  assert.equal((await after.segments()).length, 1);
});

story('killed again and again in the middle of writing, a browser loses no stored segment and sends none twice', {}, async (world) => {
  const server = await world.serve();
  const stored = [];
  let draft;
  for (let life = 1; life <= 4; ++life) {
    const ada = await world.arrive('ada');
    await ada.linkIs('Live');
    if (draft === undefined) draft = await ada.begin('Nine lives');
    else await ada.openDraft(draft);
    for (let i = 1; i <= 5; ++i) {
      const text = `Life ${life}, segment ${i}.`;
      await ada.append(text);
      stored.push(text);
    }
    await world.killBrowser(ada.page.context());
  }
  const ada = await world.arrive('ada');
  await ada.openDraft(draft);
  await ada.reads(stored.at(-1));
  await ada.isSynced();
  assert.deepEqual((await ada.segments()).map(({ text }) => text), stored);
  assert.deepEqual(await server.headOf(draft), await ada.chain());
});

story('what was typed but not appended is there again after a reload', {}, async (world) => {
  await world.serve();
  const ada = await world.arrive('ada');
  await ada.begin('Half a sentence');
  await ada.field.fill('I had not finished wri');
  await ada.page.reload();
  await ada.heading('Half a sentence').waitFor();
  assert.equal(await ada.field.inputValue(), 'I had not finished wri');
});

story('a server that is killed while both write gets everything when it is back', { expect: [connectionRefused] }, async (world) => {
  const server = await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  const draft = await ada.begin('Power cut', ['bob']);
  await ada.passTo('bob');
  await bob.choose('Power cut');
  await bob.holdsTheRing();
  for (let cut = 1; cut <= 3; ++cut) {
    await bob.append(`Before cut ${cut}.`);
    await server.kill();
    await bob.append(`After cut ${cut}.`);
    await server.start();
    await bob.isSynced();
  }
  await ada.reads('After cut 3.');
  const head = await agreed([ada, bob]);
  assert.deepEqual(await server.headOf(draft), head);
  assert.equal((await bob.segments()).length, 6);
});
