// Runs in the page: the measurements of page.mjs, of the store in peer-worker.mjs.
import { show, timeOpening } from '/page.mjs';

const text = 'A segment of one hundred bytes, more or less what one writes before looking up and thinking on. 1234';
const draft = crypto.randomUUID();

function row(position) {
  return [draft, position, crypto.randomUUID(), 'bench', Date.now(), text];
}

async function open(name) {
  const worker = new Worker('/peer-worker.mjs', { type: 'module' });
  const waiting = [];
  worker.onmessage = ({ data }) => waiting.shift()(data);
  worker.onerror = ({ message }) => console.error(message);
  const call = (what, argument) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      worker.postMessage({ name: what, argument });
    });
  await call('open', name);
  return {
    call,
    async close() {
      await call('close');
      worker.terminate();
    },
  };
}

export async function peerAwaited(name, count) {
  const store = await open(name);
  for (let i = 0; i < 100; ++i) await store.call('append', row(i));
  const start = performance.now();
  for (let i = 100; i < 100 + count; ++i) await store.call('append', row(i));
  const ms = performance.now() - start;
  await store.close();
  return { perSecond: (count / ms) * 1000 };
}

export async function peerBatch(name, count) {
  const store = await open(name);
  const start = performance.now();
  await store.call('batch', Array.from({ length: count }, (_, i) => row(i)));
  const ms = performance.now() - start;
  await store.close();
  return { perSecond: (count / ms) * 1000 };
}

async function openRows(name, count) {
  const store = await open(name);
  show(await store.call('read', { from: count - 200, to: count }));
  return {
    async all() {
      const segments = [];
      for (let from = 0; from < count; from += 1_000) segments.push(...(await store.call('read', { from, to: from + 1_000 })));
      return segments;
    },
    close: () => store.close(),
  };
}

export const peerReopen = (name, count) => timeOpening(() => openRows(name, count));

export async function peerHold(name, count) {
  globalThis.held = { draft: await openRows(name, count) };
}

export { holdAll as peerHoldAll } from '/page.mjs';
