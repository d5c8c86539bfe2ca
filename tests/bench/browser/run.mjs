#!/usr/bin/env node
// What the browser side costs: one line of JSON for each round, then one with the medians and the sizes.
//
//   node tests/bench/browser/run.mjs [--rounds N] [--memory] [--firefox] [--peer] [--only local|peer|synced|propagation|held]
//
// Needs the built package (bindings/typescript/build), the page's packages (demo/build) and Chromium. With
// build/native/onering there, the measurements that need a server are taken, too. --memory: a store in memory,
// which shows what is not the disk's. `held`: the memory that a browser takes, in MiB, with a draft open and with all of it in the
// page's hands (Linux). --firefox: in Firefox, with the packages of the browser tests (tests/run browser-firefox).
// --peer: SQLite's own WebAssembly build doing the same rows (peer-worker.mjs), in the same rounds; it is installed where it is
// missing.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { openBrowser } from '../../../demo/person.mjs';
import { memoryOf } from './footprint.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = fileURLToPath(new URL('../../../bindings/typescript/dist/', import.meta.url));
const types = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    memory: { type: 'boolean', default: false },
    firefox: { type: 'boolean', default: false },
    peer: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});

// The other package's folder.
function peer() {
  const folder = join(here, 'node_modules', '@sqlite.org', 'sqlite-wasm', 'dist');
  if (!existsSync(folder)) execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] });
  return folder;
}

// The page, its scripts and the package: what a server gives out.
function layOut(folder) {
  const web = join(folder, 'web');
  cpSync(dist, join(web, 'sdk'), { recursive: true });
  for (const script of ['page.mjs', 'peer.mjs', 'peer-worker.mjs']) copyFileSync(join(here, script), join(web, script));
  if (options.peer) cpSync(peer(), join(web, 'peer'), { recursive: true });
  writeFileSync(join(web, 'index.html'), '<!doctype html><title>Bench</title><link rel="icon" href="data:,"><body>');
  return web;
}

// Without a sync server, anything that gives out files will do.
async function serveFiles(web) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const file = join(web, pathname === '/' ? 'index.html' : pathname);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

// `onering` where it is built, giving out the page as well: it is exact about origins.
async function serve(folder, web) {
  process.env.ONERING_WEB = web; // read when the module is loaded, so before that
  const { program, Server } = await import('../../browser/server.mjs');
  return existsSync(program) && !options.memory ? await Server.start(folder) : await serveFiles(web);
}

async function browse(profile) {
  if (!options.firefox) return openBrowser(profile);
  return (await import('../../browser/firefox/firefox.mjs')).openFirefox(profile);
}

function sizes() {
  const files = ['onering.wasm', 'worker.js', 'index.js'];
  const of = (measure) => Object.fromEntries(files.map((file) => [file, measure(readFileSync(join(dist, file)))]));
  const withSum = (each) => ({ ...each, sum: Object.values(each).reduce((sum, size) => sum + size, 0) });
  return {
    raw: withSum(of((bytes) => bytes.length)),
    gzip: withSum(of((bytes) => gzipSync(bytes, { level: 9 }).length)),
    brotli: withSum(of((bytes) => brotliCompressSync(bytes).length)),
  };
}

// One measurement in a page of its own, as a person would come to it.
async function measure(context, address, name, ...args) {
  const page = await context.newPage();
  page.on('console', (message) => console.error(`page: ${message.text()}`));
  await page.goto(address);
  try {
    const script = name.startsWith('peer') ? '/peer.mjs' : '/page.mjs';
    return await page.evaluate(async ([from, what, given]) => (await import(from))[what](...given), [script, name, args]);
  } finally {
    await page.close();
  }
}

async function local(context, address, kind) {
  const round = {
    awaited: await measure(context, address, 'awaited', 'awaited', 2_000, kind),
    inFlight32: await measure(context, address, 'inFlight', 'inflight', 20_000, 32, kind),
    batch10000: await measure(context, address, 'batch', 'batch', 10_000, kind),
  };
  if (kind === 'memory') return round;
  const draft = await measure(context, address, 'fill', 'pending', 20_000, null);
  return { ...round, reopen20000Pending: await measure(context, address, 'reopen', 'pending', draft) };
}

async function localPeer(context, address) {
  const peerAwaited = await measure(context, address, 'peerAwaited', 'peer-awaited', 2_000);
  const peerBatch10000 = await measure(context, address, 'peerBatch', 'peer-batch', 10_000);
  await measure(context, address, 'peerBatch', 'peer-reopen', 20_000);
  return { peerAwaited, peerBatch10000, peerReopen20000: await measure(context, address, 'peerReopen', 'peer-reopen', 20_000) };
}

async function synced(context, { address, syncAddress }) {
  const draft = await measure(context, address, 'fill', 'confirmed', 20_000, syncAddress);
  return {
    reopen20000: await measure(context, address, 'reopen', 'confirmed', draft),
    catchUp20000: await measure(context, address, 'catchUp', 'second', draft, 20_000, syncAddress),
  };
}

// What a browser takes beyond an empty page of the same origin: with the newest 200 segments shown, and with all in the page's hands.
async function held(folder, { address, syncAddress }, count) {
  const fills = {
    ...(syncAddress && { confirmed: ['fill', 'held', count, syncAddress] }),
    pending: ['fill', 'held', count, null],
    ...(options.peer && { peer: ['peerBatch', 'held', count] }),
  };
  const result = {};
  for (const [name, fill] of Object.entries(fills)) {
    const profile = join(folder, `held-${name}-${count}`);
    const filling = await browse(profile);
    const draft = await measure(filling, address, ...fill);
    await filling.close();
    const context = await browse(profile);
    const page = await context.newPage();
    const call = async (...given) => page.evaluate(async ([from, what, args]) => (await import(from))[what](...args), given);
    const [script, hold, holdAll, which] = name === 'peer' ? ['/peer.mjs', 'peerHold', 'peerHoldAll', count] : ['/page.mjs', 'hold', 'holdAll', draft];
    try {
      await page.goto(address);
      const empty = await settled(profile);
      await call(script, hold, ['held', which]);
      const open = await settled(profile);
      if ((await call(script, holdAll, [])) !== count) throw new Error(`${name}: not all of the segments`);
      const all = await settled(profile);
      result[name] = { empty, open: open - empty, all: all - empty };
    } finally {
      await context.close();
    }
  }
  return result;
}

// The browser's memory when it changes no more: what it frees and compiles, it does by and by.
async function settled(profile) {
  for (let last = Infinity; ; ) {
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const now = memoryOf(profile);
    if (Math.abs(now - last) < settledMiB) return now;
    last = now;
  }
}

const settleMs = 2_000;
const settledMiB = 1;

// From append() until another browser's page is told, and the legs on the way.
async function propagation(folder, context, { address, syncAddress }) {
  const reader = 'reader';
  const other = await browse(join(folder, 'reader'));
  const draft = await measure(context, address, 'share', syncAddress, 'writer', reader);
  try {
    const page = await other.newPage();
    await page.goto(address);
    await page.evaluate(async (given) => (await import('/page.mjs')).watch(...given), [syncAddress, reader, draft]);
    const times = await measure(context, address, 'appendOneByOne', syncAddress, 'writer', draft, appends, restMs);
    const seen = await page.evaluate(async (count) => (await import('/page.mjs')).watched(count), appends);
    const measured = Object.entries(times).slice(unmeasured);
    const legs = { stored: ([, { made, stored }]) => stored - made, accepted: ([, { made, accepted }]) => accepted - made, seen: ([segment, { made }]) => seen[segment] - made };
    const propagation = Object.fromEntries(Object.entries(legs).map(([leg, timeOf]) => [leg, quantiles(measured.map(timeOf))]));
    return { propagation };
  } finally {
    await other.close();
  }
}

const appends = 420;
const unmeasured = 20;
const restMs = 10;

function quantiles(times) {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share) => sorted[Math.floor(sorted.length * share)];
  return { p50: at(0.5), p99: at(0.99) };
}

async function round(web) {
  const folder = mkdtempSync(join(tmpdir(), 'onering-bench-'));
  const server = await serve(folder, web);
  const context = await browse(join(folder, 'profile'));
  try {
    const parts = {
      local: () => local(context, server.address, options.memory ? 'memory' : 'opfs'),
      ...(options.peer && { peer: () => localPeer(context, server.address) }),
      ...(server.syncAddress && { synced: () => synced(context, server), propagation: () => propagation(folder, context, server) }),
      ...(!options.memory && { held: async () => ({ held20000: await held(folder, server, 20_000), held100000: await held(folder, server, 100_000) }) }),
    };
    const result = {};
    for (const [name, measureIt] of Object.entries(parts)) {
      if (name === (options.only ?? name)) Object.assign(result, await measureIt());
    }
    return result;
  } finally {
    await context.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function medianOf(values) {
  if (typeof values[0] === 'number') {
    const sorted = values.toSorted((one, other) => one - other);
    return Number(sorted[sorted.length >> 1].toPrecision(4));
  }
  return Object.fromEntries(Object.keys(values[0]).map((name) => [name, medianOf(values.map((value) => value[name]))]));
}

const common = mkdtempSync(join(tmpdir(), 'onering-bench-'));
try {
  const web = layOut(common);
  const rounds = [];
  for (let i = 0; i < Number(options.rounds); ++i) {
    rounds.push(await round(web));
    console.log(JSON.stringify({ round: i + 1, ...rounds.at(-1) }));
  }
  console.log(JSON.stringify({ median: medianOf(rounds), sizes: sizes() }));
} finally {
  rmSync(common, { recursive: true, force: true });
}
