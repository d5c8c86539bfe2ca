#!/usr/bin/env node
// What the browser side costs: one line of JSON for each round, then one with the medians and the sizes.
//
//   node tests/bench/browser/run.mjs [--rounds N] [--memory]
//
// Needs the built package (bindings/typescript/build), the page's packages (demo/build) and Chromium. With
// build/native/onering there, the measurements that need a server are taken, too. --memory: a store in memory,
// which shows what is not the disk's.
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { openBrowser } from '../../../demo/person.mjs';
import { program, Server } from '../../browser/server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = fileURLToPath(new URL('../../../bindings/typescript/dist/', import.meta.url));
const types = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, memory: { type: 'boolean', default: false } },
});

async function servePages() {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const file = path.startsWith('/sdk/') ? join(dist, path.slice(5)) : join(here, path);
    if (path === '/' || path === '/favicon.ico' || !existsSync(file)) {
      response.writeHead(path.length > 1 && path !== '/favicon.ico' ? 404 : 200, { 'content-type': 'text/html' }).end('<!doctype html><title>Bench</title><body>');
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
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
    return await page.evaluate(async ([what, given]) => (await import('/page.mjs'))[what](...given), [name, args]);
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

async function synced(context, address, server) {
  const draft = await measure(context, address, 'fill', 'confirmed', 20_000, server.syncAddress);
  return {
    reopen20000: await measure(context, address, 'reopen', 'confirmed', draft),
    catchUp20000: await measure(context, address, 'catchUp', 'second', draft, 20_000, server.syncAddress),
  };
}

// Where servers are exact about origins, ours must be one that they know: the page comes from the server then.
async function round(pages) {
  const folder = mkdtempSync(join(tmpdir(), 'onering-bench-'));
  const context = await openBrowser(join(folder, 'profile'));
  try {
    const result = await local(context, pages.address, options.memory ? 'memory' : 'opfs');
    if (options.memory || !existsSync(program)) return result;
    const server = await Server.start(folder);
    try {
      return { ...result, ...(await synced(context, pages.address, server)) };
    } finally {
      await server.stop();
    }
  } finally {
    await context.close();
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

const pages = await servePages();
const rounds = [];
for (let i = 0; i < Number(options.rounds); ++i) {
  rounds.push(await round(pages));
  console.log(JSON.stringify({ round: i + 1, ...rounds.at(-1) }));
}
pages.close();
console.log(JSON.stringify({ median: medianOf(rounds), sizes: sizes() }));
