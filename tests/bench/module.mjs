#!/usr/bin/env node
// What the module costs a processor: one line of JSON for each file and round, the rounds of several files in turns, so
// that two builds can be compared on a machine that has other things to do.
//
//   node tests/bench/module.mjs [--rounds N] [WASM...]      default: the built package's
//
// Needs the built package (bindings/typescript/build). Processor time, not the clock's: in one thread, offline, in memory.
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { createClient } from '../../bindings/typescript/dist/node.js';

const built = new URL('../../bindings/typescript/dist/onering.wasm', import.meta.url).href;
const { values, positionals } = parseArgs({ options: { rounds: { type: 'string', default: '3' } }, allowPositionals: true });
const modules = positionals.length > 0 ? positionals.map((path) => pathToFileURL(path).href) : [built];
const text = 'x'.repeat(100);

// Microseconds of the processor for each of `count`.
async function timed(count, work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return Math.round((10 * (user + system)) / count) / 10;
}

async function measure(wasmUrl) {
  const client = createClient({ url: 'wss://unused.example/sync', user: 'ada', auth: () => 'ada', startOffline: true, wasmUrl });
  await client.ready;
  const draft = client.draft(client.create({ title: 'Measured' }).draft);
  const append = async (count, together) => {
    for (let i = 0; i < count; i += together) await Promise.all(Array.from({ length: together }, () => draft.append(text).local));
  };
  await append(1_000, 10); // compiled for speed by now
  const one = await timed(2_000, () => append(2_000, 1));
  const together = await timed(20_000, () => append(20_000, 1_000));
  const read = await timed(20_000, async () => {
    for (let from = 0; from !== null; ) from = (await draft.segments({ from })).value.next;
  });
  await client.close();
  return { appendedAloneUs: one, appendedTogetherUs: together, readUs: read };
}

for (let round = 1; round <= Number(values.rounds); ++round) {
  for (const module of modules) console.log(JSON.stringify({ round, module: module.split('/').pop(), ...(await measure(module)) }));
}
