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

// Tells in the end for how long the main thread did nothing else, at most: by so much a timer of 4 ms was late.
function watchTimer() {
  const periodMs = 4;
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - periodMs);
    last = now;
  }, periodMs);
  return () => {
    clearInterval(timer);
    return Math.max(longest, performance.now() - last - periodMs);
  };
}

// The segments in the document, and laid out.
export function show(segments) {
  const shown = document.createElement('main');
  shown.replaceChildren(...segments.map((segment) => Object.assign(document.createElement('p'), { textContent: segment.text })));
  document.body.append(shown);
  void shown.offsetHeight;
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

// Opens the store, and has the newest 200 of the draft shown; `all()` reads every segment.
async function openDraft(name, id) {
  const client = createClient({ url: '/sync', auth: () => user, user, storage: { name, kind: 'opfs' }, startOffline: true });
  const draft = client.draft(id);
  await new Promise((resolve) => {
    const stop = draft.subscribe((change) => {
      show([...change.appended, ...change.pending].slice(-200));
      stop();
      resolve();
    }, { tail: 200 });
  });
  return {
    async all() {
      const segments = [];
      for (let from = 0; from !== null; ) {
        const page = await must(draft.segments({ from }));
        for (const segment of page.segments) segments.push(segment);
        from = page.next;
      }
      return segments;
    },
    close: () => client.close(),
  };
}

// From nothing until the newest 200 segments are in the document; then until all have been read.
export async function timeOpening(open) {
  const blockedMs = watchTimer();
  const start = performance.now();
  const draft = await open();
  const firstMs = performance.now() - start;
  const { length } = await draft.all();
  const result = { firstMs, read: length, allMs: performance.now() - start, blockedMs: blockedMs() };
  await draft.close();
  return result;
}

export const reopen = (name, id) => timeOpening(() => openDraft(name, id));

// The same in two steps, for who looks at what the browser needs after each: all segments stay in the page's hands.
export async function hold(name, id) {
  globalThis.held = { draft: await openDraft(name, id) };
}

export async function holdAll() {
  const { held } = globalThis;
  held.segments = await held.draft.all();
  return held.segments.length;
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
  const blockedMs = watchTimer();
  const start = performance.now();
  const client = createClient({ url: address, auth: () => user, user, storage: { name, kind: 'opfs' } });
  await new Promise((resolve) => {
    const stop = client.draft(id).subscribe(({ draft }) => {
      if (draft?.segmentCount !== count) return;
      stop();
      resolve();
    });
  });
  const result = { ms: performance.now() - start, blockedMs: blockedMs() };
  await client.close();
  return result;
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
