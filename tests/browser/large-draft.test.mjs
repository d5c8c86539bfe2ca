// A draft of 20,000 segments opens at its end, and an append costs what it costs in an empty one.
import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../../demo/person.mjs';
import { writeLongDraft } from './input.mjs';
import { root, run, web as demo } from './server.mjs';
import { story } from './world.mjs';

const title = 'Twenty thousand';
const segments = 20_000;

story('a draft of 20,000 segments opens, and an append does not carry them between page and worker', { timeoutMs: 600_000 }, async (world, test) => {
  const server = await world.serve();
  const file = join(world.folder, 'long.jsonl');
  await writeLongDraft(file, { title, segments });
  const imported = await run(['import', file, '--server', server.syncAddress]);
  assert.equal(imported.code, 0, imported.err);

  const context = await world.browse('ada');
  await context.addInitScript(measureMessages);
  const ada = await world.arrive('ada', { context });
  await ada.isSynced();
  await ada.choose(title);
  await ada.reads(`${segments}. `);
  await until('the whole draft is here', async () => (await ada.chain()).seq > segments);
  const started = performance.now();
  await ada.page.reload();
  await ada.reads(`${segments}. `);
  const openMs = performance.now() - started;

  await ada.isSynced();
  await ada.page.evaluate(() => (globalThis.messages = []));
  await ada.append('One more.');
  await ada.reads('One more.');
  await ada.isSynced();
  const sizes = await ada.page.evaluate(() => globalThis.messages);
  const largest = Math.max(...sizes);
  test.diagnostic(`opened in ${openMs.toFixed(0)} ms after a reload; an append took ${sizes.length} messages, the largest of ${largest} characters`);
  assert.ok(sizes.length > 0, 'no message was seen');
  assert.ok(largest < 10_000, `a message of ${largest} characters crossed for one append`);
});

story('one can go to the beginning of a long draft, read on, and come back to the end', { timeoutMs: 600_000 }, async (world) => {
  const server = await world.serve();
  const file = join(world.folder, 'long.jsonl');
  await writeLongDraft(file, { title, segments: 3_000 });
  assert.equal((await run(['import', file, '--server', server.syncAddress])).code, 0);
  const ada = await world.arrive('ada');
  await ada.choose(title);
  await ada.reads('3000. ');
  await ada.button('To the beginning').click();
  await ada.page.getByText('1. The first evening', { exact: false }).first().waitFor();
  await ada.page.getByRole('region', { name: 'Text' }).focus();
  for (let wanted = 100; wanted <= 500; wanted += 100) {
    await until(`segment ${wanted} has been scrolled to`, async () => {
      await ada.page.keyboard.press('End');
      return ada.segment(`${wanted}. `).first().isVisible();
    });
    const rows = await ada.page.locator('.segment').count();
    assert.ok(rows <= 400, `${rows} segments are in the page`);
  }
  await ada.button('To the end').click();
  await ada.reads('3000. ');
});

story('a leap to the end is not taken back by what was being read when it began', { timeoutMs: 600_000 }, async (world) => {
  const server = await world.serve();
  const file = join(world.folder, 'long.jsonl');
  await writeLongDraft(file, { title, segments: 3_000 });
  assert.equal((await run(['import', file, '--server', server.syncAddress])).code, 0);
  const context = await world.browse('ada');
  await context.addInitScript(delayRequests, 150);
  const ada = await world.arrive('ada', { context });
  await ada.choose(title);
  await ada.reads('3000. ');
  for (let round = 0; round < 3; round++) {
    await ada.button('To the beginning').click();
    await ada.page.getByText('1. The first evening', { exact: false }).first().waitFor();
    await ada.page.getByRole('region', { name: 'Text' }).focus();
    await ada.page.keyboard.press('End');
    await ada.button('To the end').click();
    // The reader's hand is still on the wheel while the leap is being read.
    for (let turn = 0; turn < 20; turn++) {
      await ada.page.getByRole('region', { name: 'Text' }).evaluate((text) => void (text.scrollTop = text.scrollHeight));
      await ada.page.waitForTimeout(40);
    }
    await ada.page.waitForTimeout(1_000);
    assert.ok(await ada.segment('3000. ').first().isVisible(), 'the reader was taken away from the end');
  }
});

// As on a device whose worker is busy.
function delayRequests(ms) {
  const Original = globalThis.Worker;
  globalThis.Worker = class extends Original {
    postMessage(...args) {
      setTimeout(() => super.postMessage(...args), ms);
    }
  };
}

// In characters of JSON, both ways, with buffers by their length.
function measureMessages() {
  const sizeOf = (value) => JSON.stringify(value, (_, each) => (each instanceof ArrayBuffer || ArrayBuffer.isView(each) ? 'x'.repeat(each.byteLength) : each))?.length ?? 0;
  globalThis.messages = [];
  const Original = globalThis.Worker;
  globalThis.Worker = class extends Original {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', (event) => globalThis.messages.push(sizeOf(event.data)));
    }

    postMessage(message, ...rest) {
      globalThis.messages.push(sizeOf(message));
      super.postMessage(message, ...rest);
    }
  };
}

story('a text that grows faster than it can be drawn stays in sight at its end, and has its past above it once it rests', { timeoutMs: 600_000 }, async (world) => {
  const web = join(world.folder, 'web');
  await cp(demo, web, { recursive: true });
  await cp(join(root, 'bindings/typescript/dist'), join(web, 'sdk'), { recursive: true });
  await writeFile(join(web, 'bare.html'), '<!doctype html><title>Bare</title>');
  await world.serve({ web });
  const ada = await world.arrive('ada');
  const draft = await ada.begin('Faster and faster', ['bob']);
  await ada.append('Take it away.');
  await ada.passTo('bob');
  await ada.isSynced();
  // Whoever measures the page between two frames makes the browser move what it shows.
  await ada.page.evaluate(() => {
    const text = document.querySelector('.text-scroller');
    new MutationObserver(() => void text.scrollTop).observe(text, { childList: true, subtree: true });
  });

  const bob = await (await world.browse('bob')).newPage();
  await bob.goto(`${world.server.address}bare.html`);
  await bob.evaluate(appendInBursts, [draft, bursts, perBurst]);
  await ada.reads(`${bursts * perBurst} of ${bursts * perBurst}`);
  const shown = await until('what is above the end is there', async () => {
    const rows = await ada.page.locator('.segment').count();
    return rows >= 60 && rows;
  });
  assert.ok(shown <= 200, `${shown} segments are in the page`);
  assert.ok(await ada.segment(`${bursts * perBurst} of`).isVisible());
  const distance = await ada.page.evaluate(() => {
    const { scrollTop, scrollHeight, clientHeight } = document.querySelector('.text-scroller');
    return scrollHeight - scrollTop - clientHeight;
  });
  assert.ok(distance < 2, `the end is ${distance} px below the view`);
});

const [bursts, perBurst] = [60, 40];

async function appendInBursts([id, bursts, perBurst]) {
  const { createClient } = await import('/sdk/index.js');
  const client = createClient({ url: '/sync', user: 'bob', auth: () => 'bob', storage: { kind: 'memory' } });
  const draft = client.draft(id);
  await new Promise((resolve) => draft.subscribe((change) => change.draft?.holding && resolve()));
  const answers = [];
  for (let i = 0; i < bursts; ++i) {
    for (let j = 1; j <= perBurst; ++j) answers.push(draft.append(`${i * perBurst + j} of ${bursts * perBurst}${'. Words'.repeat((i * j) % 30)}`).server);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await Promise.all(answers);
  await client.close();
}
