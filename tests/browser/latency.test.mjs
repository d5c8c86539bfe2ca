// How long until the other one sees it. Measured and told, not judged: machines differ.
import assert from 'node:assert/strict';

import { agreed } from '../../demo/person.mjs';
import { story } from './world.mjs';

const appends = 220;
const unmeasured = 20;

story('over 200 appends in a row are seen by the other browser, and the times are told', { timeoutMs: 300_000 }, async (world, test) => {
  await world.serve();
  const [ada, bob] = [await world.arrive('ada'), await world.arrive('bob')];
  await ada.begin('Stopwatch', ['bob']);
  await bob.choose('Stopwatch');
  await ada.isSynced();
  await bob.page.evaluate(watchForProbes);

  const started = [];
  for (let i = 0; i < appends; ++i) {
    started.push(await ada.page.evaluate(appendProbe, i));
    await bob.page.evaluate((probe) => globalThis.probeSeen(probe), i);
  }
  const seen = await bob.page.evaluate(() => globalThis.probesSeen);
  const stored = started.map(({ at, storedAt }) => storedAt - at);
  const propagation = started.map(({ at }, i) => seen[i] - at);
  test.diagnostic(`append -> stored here: ${percentiles(stored)}`);
  test.diagnostic(`append -> on the other's screen: ${percentiles(propagation)}`);
  assert.equal(propagation.filter(Number.isFinite).length, appends);
  await agreed([ada, bob]);
});

// Appends through the page's own field; resolves when the page has given the text up, that is when it is stored.
async function appendProbe(i) {
  const field = document.querySelector('.composer textarea');
  const counter = document.querySelector('.composer-counter');
  const now = () => performance.timeOrigin + performance.now();
  field.value = `probe ${i}.`;
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  const given = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (field.value !== '') return;
      observer.disconnect();
      resolve(now());
    });
    observer.observe(counter, { childList: true });
  });
  const at = now();
  field.form.requestSubmit();
  return { at, storedAt: await given };
}

function watchForProbes() {
  const now = () => performance.timeOrigin + performance.now();
  const waiting = new Map();
  globalThis.probesSeen = [];
  globalThis.probeSeen = (i) => new Promise((resolve) => (globalThis.probesSeen[i] === undefined ? waiting.set(i, resolve) : resolve()));
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      const probe = /probe (\d+)\./.exec(node.textContent ?? '')?.[1];
      if (probe === undefined || globalThis.probesSeen[probe] !== undefined) continue;
      globalThis.probesSeen[probe] = now();
      waiting.get(Number(probe))?.();
    }
  }).observe(document.querySelector('.text'), { childList: true, subtree: true });
}

function percentiles(times) {
  const sorted = times.slice(unmeasured).sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms over ${sorted.length}`;
}
