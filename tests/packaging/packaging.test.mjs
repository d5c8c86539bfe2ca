// What people install: the packed tarball, in fresh projects, with the bundlers that people have, opened in a browser
// and made to write. No source of the package is in reach.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { createServer } from 'vite';

import { openBrowser } from '../../demo/person.mjs';
import { Server, root } from '../browser/server.mjs';

const execute = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const tool = (name) => join(here, 'node_modules/.bin', name);
const timeout = 120_000;
// Bytes with gzip that an app must not have to ship more than.
const bounds = { gzip: 350_000 };

let folder;
let tarball;
let browser;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onering-packaging-'));
  const { stdout } = await execute('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: join(root, 'bindings/typescript') });
  tarball = join(folder, JSON.parse(stdout)[0].filename);
  browser = await openBrowser(join(folder, 'profile'));
});

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

// A project with the tarball installed and the app in it.
async function project(name, files = {}, parent = folder) {
  const place = join(parent, name);
  await mkdir(place, { recursive: true });
  const all = { 'package.json': JSON.stringify({ name, private: true, type: 'module' }), ...files };
  for (const [file, text] of Object.entries(all)) await writeFile(join(place, file), text);
  await cp(join(here, 'app.js'), join(place, 'app.js'));
  await execute('npm', ['install', '--no-audit', '--no-fund', '--omit=peer', tarball], { cwd: place });
  return place;
}

const main = "import { writeOne } from './app.js';\nglobalThis.done = writeOne();\n";

// No inline code, and no more than the package says that it needs.
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
const html = (script) => `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><title>App</title><script type="module" src="${script}"></script>`;

async function writes(site) {
  const place = await mkdtemp(join(folder, 'server-'));
  const server = await Server.start(place, { web: site });
  try {
    await writesAt(server.address);
  } finally {
    await server.kill();
  }
}

// A site of its own beside the server: Next.js puts code into its pages, which the server's own policy forbids.
async function writesFromElsewhere(site) {
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
  const web = createHttpServer(async ({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const file = join(site, pathname === '/' ? 'index.html' : normalize(decodeURIComponent(pathname)));
    try {
      const bytes = await readFile(file);
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${web.address().port}`;
  const server = await Server.start(await mkdtemp(join(folder, 'server-')), { web: site, auth: ['--dev-auth', '--allow-origin', address] });
  try {
    await writesAt(`${address}/?${new URLSearchParams({ sync: server.syncAddress })}`);
  } finally {
    web.closeAllConnections();
    web.close();
    await server.kill();
  }
}

async function writesAt(address, outcomes = ['ok', 'ok']) {
  const page = await browser.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && !/favicon/.test(message.location().url) && problems.push(message.text()));
  try {
    await page.goto(address);
    await page.waitForFunction(() => globalThis.done !== undefined).catch((error) => assert.fail(`${error.message}\n${problems.join('\n')}`));
    const result = await page.evaluate(() => Promise.race([done, new Promise((resolve) => setTimeout(resolve, 20_000, 'no answer'))]));
    assert.deepEqual({ result, problems }, { result: { outcomes, storage: 'opfs' }, problems: [] });
  } finally {
    await page.close();
  }
}

test('a plain <script type="module">, without a bundler', { timeout }, async () => {
  const place = await project('plain');
  const app = (await readFile(join(place, 'app.js'), 'utf8')).replace("'@onering/sdk'", "'./node_modules/@onering/sdk/dist/index.js'");
  await writeFile(join(place, 'app.js'), app);
  await writeFile(join(place, 'main.js'), main);
  await writeFile(join(place, 'index.html'), html('./main.js'));
  await writes(place);
});

test('Vite, built', { timeout }, async () => {
  const place = await project('vite', { 'main.js': main, 'index.html': html('/main.js') });
  await execute(tool('vite'), ['build', '--logLevel', 'warn'], { cwd: place });
  await writes(join(place, 'dist'));
});

test('Vite, as its development server serves it', { timeout }, async () => {
  const place = await project('vite-dev', {
    'main.js': "import { writeOne } from './app.js';\nglobalThis.done = writeOne({ serverless: true });\n",
    'index.html': '<!doctype html><title>App</title><script type="module" src="/main.js"></script>',
  });
  // Bundled ahead, the package would be apart from its worker.
  const vite = await createServer({ root: place, configFile: false, logLevel: 'warn', optimizeDeps: { exclude: ['@onering/sdk'] }, server: { host: '127.0.0.1' } });
  try {
    await vite.listen();
    await writesAt(vite.resolvedUrls.local[0], ['ok']);
  } finally {
    await vite.close();
  }
});

test('webpack 5, without a line of configuration for the package', { timeout }, async () => {
  const place = await project('webpack', {
    'main.js': main,
    'webpack.config.js': "export default { mode: 'production', entry: './main.js', output: { filename: 'main.js' } };\n",
  });
  await execute(tool('webpack'), [], { cwd: place });
  await writeFile(join(place, 'dist/index.html'), html('./main.js'));
  await writes(join(place, 'dist'));
});

for (const bundler of ['turbopack', 'webpack']) {
  test(`Next.js, built with ${bundler}: rendered on a server first, then in the page`, { timeout: 300_000 }, async (context) => {
    // Within this folder, where Next.js is installed: it follows no links out of a project.
    const nest = await mkdtemp(join(here, 'project-'));
    context.after(() => rm(nest, { recursive: true, force: true }));
    const place = await project('next', {
      'next.config.mjs': `export default { output: 'export', turbopack: { root: ${JSON.stringify(here)} } };\n`,
    }, nest);
    await mkdir(join(place, 'app'));
    await cp(join(here, 'app.js'), join(place, 'app/write.js'));
    await writeFile(join(place, 'app/layout.js'), "export default ({ children }) => <html lang='en'><body>{children}</body></html>;\n");
    await writeFile(join(place, 'app/page.js'), `'use client';
import { useEffect } from 'react';
import { useStatus } from '@onering/sdk/react';
import { writeOne } from './write.js';

export default function Page() {
  useEffect(() => void (globalThis.done = writeOne({ url: new URLSearchParams(location.search).get('sync') })), []);
  return <p>{typeof useStatus}, {typeof writeOne}</p>;
}
`);
    // Vite, in this process, says `development` for all.
    const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };
    await execute(tool('next'), ['build', `--${bundler}`], { cwd: place, env }).catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
    assert.match(await readFile(join(place, 'out/index.html'), 'utf8'), /function.*function/, 'it was rendered');
    await writesFromElsewhere(join(place, 'out'));
  });
}

test('esbuild, which leaves worker and module where they are: copied beside the bundle', { timeout }, async () => {
  const place = await project('esbuild', { 'main.js': main });
  await execute(tool('esbuild'), ['main.js', '--bundle', '--format=esm', '--minify', '--outfile=dist/main.js'], { cwd: place });
  for (const file of ['worker.js', 'onering.wasm']) await cp(join(place, 'node_modules/@onering/sdk/dist', file), join(place, 'dist', file));
  await writeFile(join(place, 'dist/index.html'), html('./main.js'));
  await writes(join(place, 'dist'));
});

test('worker and module from wherever the app says', { timeout }, async () => {
  const place = await project('elsewhere', {
    'main.js': "import { writeOne } from './app.js';\nglobalThis.done = writeOne({ workerUrl: '/static/w.js', wasmUrl: '/static/m.bin' });\n",
  });
  await execute(tool('esbuild'), ['main.js', '--bundle', '--format=esm', '--outfile=dist/main.js'], { cwd: place });
  await mkdir(join(place, 'dist/static'));
  const shipped = join(place, 'node_modules/@onering/sdk/dist');
  await cp(join(shipped, 'worker.js'), join(place, 'dist/static/w.js'));
  await cp(join(shipped, 'onering.wasm'), join(place, 'dist/static/m.bin')); // of a type that the server does not know
  await writeFile(join(place, 'dist/index.html'), html('./main.js'));
  await writes(join(place, 'dist'));
});

test('a bot in Node: appends, syncs, and goes on with its file in the next run', { timeout }, async () => {
  const place = await project('bot', {
    'bot.js': `import { createClient } from '@onering/sdk';
const [url, draft] = process.argv.slice(2);
const client = createClient({ url, auth: () => 'bot', user: 'bot', storage: { path: 'bot.db' } });
const handle = client.draft(draft ?? client.create({ title: 'By a bot' }).draft);
const accepted = await handle.append('Beep.').server;
const { segments } = (await handle.segments()).value;
console.log(JSON.stringify({ draft: handle.id, accepted, texts: segments.map(({ text }) => text), storage: client.status.current.storage.kind }));
await client.close();
`,
  });
  const server = await Server.start(await mkdtemp(join(folder, 'server-')), { web: place });
  // Node has WebSocket by default from 22 on; the flag is taken by later ones, too.
  const run = async (...args) => JSON.parse((await execute('node', ['--experimental-websocket', 'bot.js', server.syncAddress, ...args], { cwd: place })).stdout);
  try {
    const first = await run();
    assert.deepEqual([first.accepted.ok, first.texts, first.storage], [true, ['Beep.'], 'file']);
    const second = await run(first.draft);
    assert.deepEqual([second.accepted.ok, second.texts], [true, ['Beep.', 'Beep.']]);
    assert.equal((await server.headOf(first.draft)).seq, 3);
  } finally {
    await server.kill();
  }
});

for (const resolution of ['bundler', 'nodenext']) {
  test(`types, with moduleResolution ${resolution}`, { timeout }, async () => {
    const place = await project(`types-${resolution}`);
    await cp(join(here, 'types.ts'), join(place, 'types.ts'));
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      target: 'es2022',
      lib: ['es2023', 'dom', 'dom.iterable', 'esnext.disposable'],
      module: resolution === 'bundler' ? 'esnext' : 'nodenext',
      moduleResolution: resolution,
      types: [],
      paths: { react: [join(here, 'node_modules/@types/react')] },
    };
    await writeFile(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }));
    await execute(tool('tsc'), ['--project', place]).catch(({ stdout }) => assert.fail(stdout));
  });
}

test('what it costs to ship is within its bound', async (context) => {
  const dist = join(root, 'bindings/typescript/dist');
  const parts = ['index.js', 'worker.js', 'onering.wasm'];
  const sizes = await Promise.all(parts.map(async (part) => measure(part, await readFile(join(dist, part)))));
  const total = sizes.reduce((sum, size) => ({ part: 'all', plain: sum.plain + size.plain, gzip: sum.gzip + size.gzip, brotli: sum.brotli + size.brotli }));
  for (const { part, plain, gzip, brotli } of [...sizes, total]) {
    context.diagnostic(`${part.padEnd(13)} ${kB(plain)} plain, ${kB(gzip)} gzip, ${kB(brotli)} brotli`);
  }
  const react = measure('react.js', await readFile(join(dist, 'react.js')));
  context.diagnostic(`${'react.js'.padEnd(13)} ${kB(react.plain)} plain, ${kB(react.gzip)} gzip, beside the others where it is used`);
  assert.ok(total.gzip <= bounds.gzip, `all of it is ${kB(total.gzip)} with gzip; the bound is ${kB(bounds.gzip)}`);
});

function measure(part, bytes) {
  return { part, plain: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length };
}

const kB = (bytes) => `${(bytes / 1_000).toFixed(1).padStart(6)} kB`;
