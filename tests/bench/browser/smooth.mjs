#!/usr/bin/env node
// Whether the page stays smooth with much in it: 10,000 drafts, one of 100,000 segments, and one of 20,000 that grows by
// 1,000 segments a second. Prints a line of JSON for each thing that is done, and one for a new device's catch-up.
//
//   node tests/bench/browser/smooth.mjs [--drafts N] [--long N] [--growing N] [--rate N] [--seconds N] [--only PART]
//
// PART: list, long, growth or catchup. Needs build/native/onering, the built page (demo/build) and Chromium.
//
// What is told of the page's main thread, in milliseconds, while something is done:
//   longestTask       of all tasks, by the wall clock (whoever else uses the machine's cores is in it)
//   longestTaskCpu    of all tasks, by the thread's own CPU time
//   tasksOver16       how many took longer than 16 ms of CPU time
//   longestTaskParts  what the task of longestTaskCpu was about, by Chromium's names, those of 1 ms and more; parts may hold one another
//   longestFrameGap   between two animation frames
import { cpSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Person, openBrowser } from '../../../demo/person.mjs';
import { watchMainThread } from './main-thread.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = fileURLToPath(new URL('../../../bindings/typescript/dist/', import.meta.url));
const demo = fileURLToPath(new URL('../../../build/demo/', import.meta.url));

const { values: given } = parseArgs({
  options: {
    drafts: { type: 'string', default: '10000' },
    long: { type: 'string', default: '100000' },
    growing: { type: 'string', default: '20000' },
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '10' },
    only: { type: 'string' },
  },
});
const number = (name) => Number(given[name]);
const longTitle = 'The long one';
const growingTitle = 'The growing one';

// The page, and beside it what measures a client without one.
function layOut(folder) {
  const web = join(folder, 'web');
  cpSync(demo, web, { recursive: true });
  cpSync(dist, join(web, 'sdk'), { recursive: true });
  copyFileSync(join(here, 'page.mjs'), join(web, 'page.mjs'));
  writeFileSync(join(web, 'bench.html'), '<!doctype html><title>Bench</title><link rel="icon" href="data:,"><body>');
  return web;
}

const sentences = [
  'The first evening it lay on the kitchen table between the bread and the lamp.',
  'Nobody took it. Then somebody did.',
  'By the time the draft came back it had grown a middle, and whoever had written it had not stopped where one would have thought.',
  'She read it twice before she asked for her turn.',
];

// In turns of 250 segments; `last` has the last one.
function draftOf(title, segments, authors, last) {
  const turns = [];
  const others = [last, ...authors.filter((author) => author !== last)];
  for (let end = segments; end > 0; end -= 250) {
    const from = Math.max(0, end - 250);
    const texts = Array.from({ length: end - from }, (_, i) => `${from + i + 1}. ${sentences[(from + i) % sentences.length]}`);
    turns.unshift({ author: others[turns.length % others.length], at: '2024-01-01T00:00:00Z', segments: texts });
  }
  return JSON.stringify({ title, turns });
}

async function fillServer(server, run, folder) {
  const file = join(folder, 'drafts.jsonl');
  const drafts = Array.from({ length: number('drafts') }, (_, i) => draftOf(`Draft number ${i + 1}`, 1, ['ada'], 'ada'));
  drafts.push(draftOf(longTitle, number('long'), ['ada', 'bench'], 'ada'), draftOf(growingTitle, number('growing'), ['ada', 'bob'], 'bob'));
  writeFileSync(file, `${drafts.join('\n')}\n`);
  const imported = await run(['import', file, '--server', server.syncAddress, '--json']);
  if (imported.code !== 0) throw new Error(imported.err || imported.out);
}

const rested = (page) => page.waitForTimeout(1_500);

const parts = {
  // Ten thousand drafts that are on the device already.
  async list({ ada, doing }) {
    const { page } = ada;
    const list = page.getByRole('navigation', { name: 'Drafts' });
    await doing('openThePage', async () => {
      await page.reload();
      await shows(page, '.draft-link-title', 'Draft number');
    });
    await doing('scrollTheList', async () => {
      for (let i = 0; i < 4; ++i) await list.getByRole('button', { name: 'Show more' }).click();
      await wheel(page, list, 120);
    });
    await doing('findByTitle', async () => {
      await list.getByLabel('Find by title').pressSequentially(`number ${number('drafts')}`, { delay: 80 });
      await shows(page, '.draft-link-title', `Draft number ${number('drafts')}`);
      await list.getByLabel('Find by title').fill('');
    });
  },

  // A draft of a hundred thousand segments.
  async long({ ada, doing, server, folder }) {
    const { page } = ada;
    const id = await idOf(longTitle, 'bench', server, folder);
    const text = page.getByRole('region', { name: 'Text' });
    await doing('openTheLongDraft', async () => {
      await open(page, id);
      await shows(page, '.segment-text', `${number('long')}. `);
    });
    await doing('toTheBeginning', async () => {
      await ada.button('To the beginning').click();
      await shows(page, '.segment-text', '1. The first evening');
    });
    await doing('scrollTheLongDraft', () => wheel(page, text, 300));
    await doing('toTheEnd', async () => {
      await ada.button('To the end').click();
      await shows(page, '.segment-text', `${number('long')}. `);
    });
  },

  // Someone else appends to what is open.
  async growth({ ada, doing, server, folder }) {
    const id = await idOf(growingTitle, 'bob', server, folder);
    await open(ada.page, id);
    await ada.reads(`${number('growing')}. `);
    const { page: bob, close } = await openBench(folder, 'bob', server);
    try {
      const all = number('rate') * number('seconds');
      await doing('growth', async () => {
        await bob.evaluate(async (args) => (await import('/page.mjs')).appendAtRate(...args), [server.syncAddress, 'bob', id, all, number('rate')]);
        const accepted = performance.now();
        await shows(ada.page, '.segment-text', `${all} of ${all}`);
        return { segments: all, perSecond: number('rate'), shownAfterTheLastWasAccepted: performance.now() - accepted };
      });
    } finally {
      await close();
    }
  },
};

// Asked rarely and of little, unlike a locator: the asking is in the figures.
const shows = (page, selector, start) =>
  page.waitForFunction(([which, text]) => [...document.querySelectorAll(which)].some((each) => each.textContent.startsWith(text)), [selector, start], { polling: 50 });

const open = (page, id) => page.evaluate((hash) => void (location.hash = hash), `#/draft/${id}`);

// As `user`, who has only that draft, finds it.
async function idOf(title, user, server, folder) {
  const { page, close } = await openBench(folder, user, server);
  try {
    return await page.evaluate(async (args) => (await import('/page.mjs')).idOf(...args), [server.syncAddress, user, title]);
  } finally {
    await close();
  }
}

// As a hand at a wheel: so many turns of it, down, a frame apart.
async function wheel(page, over, turns) {
  const box = await over.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let i = 0; i < turns; ++i) {
    await page.mouse.wheel(0, 240);
    await page.waitForTimeout(16);
  }
}

async function measurePage(folder, server) {
  const context = await openBrowser(join(folder, 'ada'));
  try {
    const begun = performance.now();
    const ada = await Person.arrive(context, server.address, 'ada');
    await ada.page.locator('.link-button[data-link=live]').waitFor({ timeout: 300_000 }); // tens of thousands of ops
    console.log(JSON.stringify({ doing: 'firstArrival', ms: round(performance.now() - begun) }));
    const doing = async (name, run) => {
      await rested(ada.page);
      const main = await watchMainThread(ada.page);
      const from = performance.now();
      const more = await run();
      const ms = performance.now() - from;
      await ada.page.waitForTimeout(300);
      console.log(JSON.stringify({ doing: name, ms: round(ms), ...(await main.end()), ...mapped(more ?? {}) }));
    };
    for (const [name, part] of Object.entries(parts)) {
      if (name === (given.only ?? name)) await part({ ada, doing, server, folder });
    }
    if (ada.problems.length > 0) console.error(ada.problems.join('\n'));
  } finally {
    await context.close();
  }
}

// A client without a page, on a device that has nothing.
async function measureCatchUp(folder, server) {
  const id = await idOf(longTitle, 'bench', server, folder);
  const { page, close } = await openBench(folder, 'bench', server);
  try {
    const result = await page.evaluate(async (args) => (await import('/page.mjs')).catchUp(...args), ['bench', id, number('long'), server.syncAddress]);
    console.log(JSON.stringify({ doing: 'catchUp', segments: number('long'), ...mapped(result) }));
  } finally {
    await close();
  }
}

// A browser of someone's own, with nothing but the package.
async function openBench(folder, user, server) {
  const context = await openBrowser(join(folder, user));
  const page = await context.newPage();
  await page.goto(`${server.address}bench.html`);
  return { page, close: () => context.close() };
}

const round = (ms) => Number(ms.toPrecision(4));
const mapped = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, round(value)]));

const folder = mkdtempSync(join(tmpdir(), 'onering-bench-'));
process.env.ONERING_WEB = layOut(folder); // read when the module is loaded, so before that
const { Server, run } = await import('../../browser/server.mjs');
const server = await Server.start(folder);
try {
  await fillServer(server, run, folder);
  if (given.only !== 'catchup') await measurePage(folder, server);
  if ((given.only ?? 'catchup') === 'catchup') await measureCatchUp(folder, server);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
