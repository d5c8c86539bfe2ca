// docs/guide.md, to the letter: its files in an empty folder, with the packed tarball, doing what the guide says they do.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { openBrowser, until } from '../../demo/person.mjs';
import { Server, freePort, program, root } from '../browser/server.mjs';

const execute = promisify(execFile);
const vite = fileURLToPath(new URL('node_modules/.bin/vite', import.meta.url));
const timeout = 120_000;
// Node has WebSocket by default from 22 on; later ones take the flag, too.
const flags = ['--experimental-websocket'];

let folder;
let app;

// The blocks whose first line names a file.
async function filesOf(guide) {
  const text = await readFile(join(root, guide), 'utf8');
  const blocks = text.matchAll(/```\w+\n(?:<!--|\/\/) ([\w.-]+\.\w+)(?: -->)?\n([\s\S]*?)```/g);
  return new Map([...blocks].map(([, name, content]) => [name, content]));
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onering-guide-'));
  app = join(folder, 'app');
  await mkdir(app);
  const { stdout } = await execute('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: join(root, 'bindings/typescript') });
  const tarball = join('..', JSON.parse(stdout)[0].filename);
  for (const args of [['init', '-y'], ['pkg', 'set', 'type=module'], ['install', '--no-audit', '--no-fund', '--omit=peer', tarball]]) await execute('npm', args, { cwd: app });
  const files = await filesOf('docs/guide.md');
  assert.deepEqual([...files.keys()].sort(), ['bot.js', 'index.html', 'main.js', 'story.test.js', 'token.js', 'vite.config.js']);
  for (const [name, content] of files) await writeFile(join(app, name), content);
  await execute(vite, ['build', '--logLevel', 'warn'], { cwd: app });
});

after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

const serve = async (options) => Server.start(await mkdtemp(join(folder, 'server-')), { web: join(app, 'dist'), ...options });

// Someone at the guide's page.
async function visit(server, user) {
  const browser = await openBrowser(join(folder, `profile-${user}-${server.port}`));
  const page = browser.pages()[0];
  page.on('dialog', (dialog) => dialog.accept());
  await page.goto(`${server.address}?user=${user}`);
  return {
    browser,
    append: async (text) => {
      await page.getByLabel('Words').fill(text);
      await page.getByRole('button', { name: 'Append' }).click();
    },
    press: (name) => page.getByRole('button', { name }).click(),
    reads: (text) => page.getByText(text).first().waitFor(),
    lines: () => page.getByRole('listitem').allTextContents(),
  };
}

test('the page: two users write in turns, also while the server is away', { timeout }, async () => {
  const server = await serve();
  const [ada, bob] = [await visit(server, 'ada'), await visit(server, 'bob')];
  try {
    await ada.press('Begin a draft');
    await bob.reads('A story in turns: ada holds the ring');
    await ada.reads('it is your turn');
    await ada.append('Once upon a time');
    await bob.reads('Once upon a time');
    await ada.press('Pass the ring');
    await bob.reads('it is your turn');
    await ada.append('Not my turn');
    await server.kill();
    await bob.append('there was a ring');
    await bob.reads('not sent yet');
    await server.start();
    await ada.reads('there was a ring');
    await until('nothing waits any more', async () => (await bob.lines()).every((line) => !line.includes('not sent yet')));
    assert.deepEqual((await ada.lines()).map((line) => line.replace(/ \(.*/, '')), ['Once upon a time', 'there was a ring']);
  } finally {
    await Promise.all([ada, bob].map(({ browser }) => browser.close()));
    await server.kill();
  }
});

test('the page by way of Vite’s development server', { timeout }, async () => {
  const port = await freePort();
  const server = await serve({ auth: ['--dev-auth', '--allow-origin', `http://localhost:${port}`] });
  const config = await readFile(join(app, 'vite.config.js'), 'utf8');
  await writeFile(join(app, 'vite.test.config.js'), config.replace('127.0.0.1:8080', `127.0.0.1:${server.port}`));
  const started = spawn(vite, ['--config', 'vite.test.config.js', '--port', String(port), '--strictPort'], { cwd: app, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(started.stdout, 'data');
    const address = `http://localhost:${port}/`;
    await until('Vite answers', () => fetch(address).then(({ ok }) => ok, () => false));
    const ada = await visit({ address, port }, 'ada');
    try {
      await ada.press('Begin a draft');
      await ada.reads('it is your turn');
      await ada.append('While I develop');
      await ada.reads('While I develop');
      await until('it is sent', async () => !(await ada.lines()).join().includes('not sent yet'));
    } finally {
      await ada.browser.close();
    }
  } finally {
    const ended = once(started, 'exit');
    started.kill('SIGKILL');
    await ended;
    await server.kill();
  }
});

test('the bot gives the ring back with a line more', { timeout }, async () => {
  const server = await serve();
  const bot = spawn(process.execPath, [...flags, 'bot.js', server.syncAddress, 'bob'], { cwd: app, stdio: ['ignore', 'ignore', 'inherit'] });
  const ada = await visit(server, 'ada');
  try {
    await ada.press('Begin a draft');
    await ada.reads('it is your turn');
    await ada.append('Your turn, bot');
    await ada.press('Pass the ring');
    await ada.reads('Beep.');
    await ada.reads('it is your turn');
  } finally {
    const ended = once(bot, 'exit');
    bot.kill('SIGKILL');
    await ended;
    await ada.browser.close();
    await server.kill();
  }
});

test('the test in memory passes, without a server', { timeout }, async () => {
  await execute(process.execPath, ['--test', 'story.test.js'], { cwd: app }).catch(({ stdout }) => assert.fail(stdout));
});

test('a server in memory for tests says where it listens', { timeout }, async () => {
  const started = spawn(program, ['serve', '--dev-auth', '--listen', '127.0.0.1:0', '--store', 'memory'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [line] = await once(started.stdout, 'data');
    assert.match(line.toString(), /127\.0\.0\.1:[1-9]\d*/);
  } finally {
    const ended = once(started, 'exit');
    started.kill('SIGKILL');
    await ended;
  }
});

test('a token of the recipe is accepted, one of another key is not', { timeout }, async () => {
  const keyFile = join(folder, 'key.txt');
  await execute('sh', ['-c', `head -c 48 /dev/urandom | base64 > ${keyFile}`]);
  const server = await serve({ auth: ['--jwt-key-file', keyFile] });
  const script = `
    import { readFileSync } from 'node:fs';
    import { createClient } from '@onering/sdk';
    import { tokenFor } from './token.js';
    const key = readFileSync(process.argv[2], 'utf8').trimEnd();
    const client = createClient({ url: process.argv[3], auth: () => tokenFor('ada', 'Ada', process.argv[4] ?? key) });
    client.status.subscribe(({ link, user, lastError }) => {
      if (link !== 'live' && link !== 'denied') return;
      console.log(JSON.stringify({ link, user, code: lastError?.code }));
      client.close();
    });`;
  await writeFile(join(app, 'asks.js'), script);
  const ask = async (...args) => JSON.parse((await execute(process.execPath, [...flags, 'asks.js', keyFile, server.syncAddress, ...args], { cwd: app })).stdout.split('\n')[0]);
  try {
    assert.deepEqual(await ask(), { link: 'live', user: { id: 'ada', display: 'Ada' } });
    assert.deepEqual(await ask('another key'), { link: 'denied', user: null, code: 'unauthenticated' });
  } finally {
    await server.kill();
  }
});
