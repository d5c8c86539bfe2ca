// Runs in the page: each measurement opens a client of its own and returns plain numbers. Times in milliseconds.
import { createClient } from '/sdk/index.js';

const user = 'bench';
const text = 'A segment of one hundred bytes, more or less what one writes before looking up and thinking on. 1234';

async function open(name, kind = 'opfs') {
  const client = createClient({ url: '/sync', auth: () => 'bench', user, storage: { name, kind }, startOffline: true });
  const ready = await client.ready;
  if (!ready.ok) throw new Error(`${ready.error.code}: ${ready.error.message}`);
  return client;
}

async function must(promise) {
  const result = await promise;
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

async function newDraft(client) {
  const created = client.create({ title: 'Bench' });
  await must(created.local);
  return client.draft(created.draft);
}

function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

// One append after the other, each awaited until it is durable.
export async function awaited(name, count, kind) {
  const client = await open(name, kind);
  const draft = await newDraft(client);
  for (let i = 0; i < 100; ++i) await must(draft.append(text).local);
  const times = [];
  const start = performance.now();
  for (let i = 0; i < count; ++i) {
    const before = performance.now();
    await must(draft.append(text).local);
    times.push(performance.now() - before);
  }
  const ms = performance.now() - start;
  await client.close();
  times.sort((one, other) => one - other);
  return { perSecond: (count / ms) * 1000, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

// Always `width` appends under way.
export async function inFlight(name, count, width, kind) {
  const client = await open(name, kind);
  const draft = await newDraft(client);
  let started = 0;
  const writer = async () => {
    while (started < count) {
      ++started;
      await must(draft.append(text).local);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: width }, writer));
  const ms = performance.now() - start;
  await client.close();
  return { perSecond: (count / ms) * 1000 };
}

// All at once; until the last is durable.
export async function batch(name, count, kind) {
  const client = await open(name, kind);
  const draft = await newDraft(client);
  const start = performance.now();
  const appended = Array.from({ length: count }, () => draft.append(text).local);
  const called = performance.now();
  await Promise.all(appended.map(must));
  const ms = performance.now() - start;
  await client.close();
  return { perSecond: (count / ms) * 1000, callingMs: called - start };
}

// A draft of `count` segments; returns its id.
export async function fill(name, count, address) {
  const client = createClient({ url: address ?? '/sync', auth: () => user, user, storage: { name, kind: 'opfs' }, startOffline: !address });
  await must(client.ready);
  const draft = await newDraft(client);
  for (let left = count; left > 0; left -= 5_000) {
    await Promise.all(Array.from({ length: Math.min(5_000, left) }, () => must(draft.append(text).local)));
  }
  if (address) await client.whenSynced();
  await client.close();
  return draft.id;
}

// From createClient() until the newest 200 segments are in the document; then until all have been read.
export async function reopen(name, id) {
  const start = performance.now();
  const client = createClient({ url: '/sync', auth: () => user, user, storage: { name, kind: 'opfs' }, startOffline: true });
  const draft = client.draft(id);
  const shown = document.createElement('main');
  document.body.append(shown);
  const count = await new Promise((resolve) => {
    const stop = draft.subscribe((change) => {
      const newest = [...change.appended, ...change.pending].slice(-200);
      shown.replaceChildren(...newest.map((segment) => Object.assign(document.createElement('p'), { textContent: segment.text })));
      void shown.offsetHeight; // laid out
      stop();
      resolve(newest.length);
    }, { tail: 200 });
  });
  const firstMs = performance.now() - start;
  let read = 0;
  for (let from = 0; from !== null; ) {
    const page = await must(draft.segments({ from }));
    read += page.segments.length;
    from = page.next;
  }
  const allMs = performance.now() - start;
  await client.close();
  shown.remove();
  return { shown: count, firstMs, read, allMs };
}

// Comparable between browsers on one machine.
const clock = () => performance.timeOrigin + performance.now();

async function join(address, name, who) {
  const client = createClient({ url: address, auth: () => who, user: who, storage: { name, kind: 'opfs' } });
  await must(client.ready);
  return client;
}

// Someone else's browser: stays, and notes when it is told of which segment.
export async function watch(address, who, id) {
  const client = await join(address, 'watch', who);
  const seen = {};
  globalThis.watched = { client, seen };
  await new Promise((resolve) =>
    client.draft(id).subscribe(({ draft, appended }) => {
      for (const segment of appended) seen[segment.text] ??= clock();
      if (draft) resolve();
    }),
  );
}

export async function watched(count) {
  const { client, seen } = globalThis.watched;
  for (let i = 0; i < 400 && Object.keys(seen).length < count; ++i) await new Promise((resolve) => setTimeout(resolve, 10));
  await client.close();
  return seen;
}

// A draft that `reader` may read, for appendOneByOne().
export async function share(address, name, reader) {
  const client = await join(address, name, user);
  const draft = await newDraft(client);
  await must(draft.addCollaborator(reader).server);
  await client.close();
  return draft.id;
}

// One at a time, `restMs` apart, as when people write: when each was made, durable here, and accepted.
export async function appendOneByOne(address, name, id, count, restMs) {
  const client = await join(address, name, user);
  const draft = client.draft(id);
  const times = {};
  for (let i = 0; i < count; ++i) {
    const segment = `${i}. ${text}`.slice(0, 100);
    const made = clock();
    const { local, server } = draft.append(segment);
    const [stored, accepted] = await Promise.all([local, server].map((each) => must(each).then(clock)));
    times[segment] = { made, stored, accepted };
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
  await client.close();
  return times;
}

// A second device that has nothing: until the draft is all there.
export async function catchUp(name, id, count, address) {
  const tellsLongTasks = PerformanceObserver.supportedEntryTypes.includes('longtask');
  let longestMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestMs = Math.max(longestMs, duration);
  });
  if (tellsLongTasks) observer.observe({ entryTypes: ['longtask'] });
  const start = performance.now();
  const client = createClient({ url: address, auth: () => user, user, storage: { name, kind: 'opfs' } });
  await new Promise((resolve) => {
    const stop = client.draft(id).subscribe(({ draft }) => {
      if (draft?.segmentCount !== count) return;
      stop();
      resolve();
    });
  });
  const ms = performance.now() - start;
  await client.close();
  observer.disconnect();
  return { ms, ...(tellsLongTasks && { longestTaskMs: longestMs }) };
}

// The id of the draft with that title.
export async function idOf(address, who, title) {
  const client = createClient({ url: address, auth: () => who, user: who, storage: { kind: 'memory' } });
  const id = await new Promise((resolve) =>
    client.subscribeList(({ drafts }) => {
      const found = drafts.find((draft) => draft.title === title);
      if (found) resolve(found.id);
    }),
  );
  await client.close();
  return id;
}

// So many segments a second, by who has the ring; resolves when all are accepted.
export async function appendAtRate(address, who, id, count, perSecond) {
  const client = createClient({ url: address, auth: () => who, user: who, storage: { kind: 'memory' } });
  const draft = client.draft(id);
  await new Promise((resolve) => draft.subscribe((change) => change.draft?.holding && resolve(), { tail: 0 }));
  const begun = performance.now();
  const answers = [];
  while (answers.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - begun) / 1_000) * perSecond));
    for (let i = answers.length; i < due; ++i) answers.push(must(draft.append(`${i + 1} of ${count}. ${text}`).server));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await Promise.all(answers);
  await client.close();
}
