// Runs in the page: the measurements of page.mjs, of the store in peer-worker.mjs.
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

// From nothing until the newest 200 are in the document, and until all have been read.
export async function peerReopen(name, count) {
  const start = performance.now();
  const store = await open(name);
  const newest = await store.call('read', { from: count - 200, to: count });
  const shown = document.createElement('main');
  document.body.append(shown);
  shown.replaceChildren(...newest.map((segment) => Object.assign(document.createElement('p'), { textContent: segment.text })));
  void shown.offsetHeight; // laid out
  const firstMs = performance.now() - start;
  let read = 0;
  for (let from = 0; from < count; from += 1_000) read += (await store.call('read', { from, to: from + 1_000 })).length;
  const allMs = performance.now() - start;
  await store.close();
  return { firstMs, read, allMs };
}
