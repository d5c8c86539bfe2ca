// A draft of 20,000 segments opens at its end, and an append costs what it costs in an empty one.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { until } from '../../demo/person.mjs';
import { writeLongDraft } from './input.mjs';
import { run } from './server.mjs';
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
