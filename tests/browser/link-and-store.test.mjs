// When the server or the store cannot be had, the page says so in plain words, and goes on when it can.
import assert from 'node:assert/strict';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Server, web } from './server.mjs';
import { connectionRefused, story } from './world.mjs';

story('two names in one browser have a store each', {}, async (world) => {
  await world.serve();
  const ada = await world.arrive('ada');
  const bob = await world.arrive('bob', { context: ada.page.context(), newTab: true });
  await ada.begin('Across two tabs', ['bob']);
  await ada.append('From one tab');
  await ada.passTo('bob');
  await bob.choose('Across two tabs');
  await bob.holdsTheRing();
  await bob.reads('From one tab');
});

story('a token that is not accepted is said, ends no work, and is tried again on demand', {}, async (world) => {
  const key = join(world.folder, 'key');
  await writeFile(key, 'k'.repeat(48));
  const strict = await world.serve({ auth: ['--jwt-key-file', key] });
  const ada = await world.arrive('ada');
  await ada.linkIs('Denied');
  await ada.page.getByRole('alert').filter({ hasText: 'The server does not let you in.' }).waitFor();
  await ada.begin('Written by a stranger');
  await ada.append('Kept until I am let in.');
  await world.screenshot(ada, 'denied');

  await strict.stop();
  const trusting = new Server(world.folder, strict.port);
  world.server = trusting;
  await trusting.start();
  await ada.page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await ada.isSynced();
  assert.deepEqual(await trusting.headOf(ada.draftId()), await ada.chain());
});

story('with the server down the page opens, takes work, and sends it when the server comes', { expect: [connectionRefused] }, async (world) => {
  const server = await world.serve();
  const ada = await world.arrive('ada');
  await ada.linkIs('Live');
  await ada.page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await server.stop();
  await ada.goTo('');
  await ada.linkIs('Offline');
  const draft = await ada.begin('Begun without a server', ['bob']);
  await ada.append('Nobody was there to take it.');
  await server.start();
  await ada.isSynced();
  assert.deepEqual(await server.headOf(draft), await ada.chain());
});

story('without a private file system the page works in memory and says so', {}, async (world) => {
  await world.serve({ web: await pageWithoutPrivateFileSystem(world.folder) });
  const ada = await world.arrive('ada');
  await ada.linkIs('Live');
  await ada.page.getByRole('alert').filter({ hasText: 'Only in this tab’s memory' }).waitFor();
  assert.equal(await ada.storageKind(), 'memory');
  await ada.begin('Written on water');
  await ada.append('It reaches the server all the same.');
  await ada.isSynced();
  await world.screenshot(ada, 'memory');
});

// The page as built, but for a first line in its worker that takes the file system away, as private windows do.
async function pageWithoutPrivateFileSystem(folder) {
  const copy = join(folder, 'web');
  await cp(web, copy, { recursive: true });
  const assets = join(copy, 'assets');
  const worker = join(assets, (await readdir(assets)).find((name) => /^worker.*\.js$/.test(name)));
  await writeFile(worker, `delete StorageManager.prototype.getDirectory;\n${await readFile(worker, 'utf8')}`);
  return copy;
}
