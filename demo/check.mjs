// The main job, driven through the page in two browsers, each with a profile of its own: two people write one
// draft in turns, one of them offline for a while.
//
//   node demo/check.mjs http://127.0.0.1:8080/
//
// Prints one line of JSON with what it saw. Exits with 1 when something was not as it should be.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Person, agreed, openBrowser } from './person.mjs';

const title = 'The kitchen table';

async function main(address) {
  const folder = await mkdtemp(join(tmpdir(), 'onering-check-'));
  const contexts = [];
  const arrive = async (name) => {
    const context = await openBrowser(join(folder, name));
    contexts.push(context);
    return Person.arrive(context, address, name);
  };
  try {
    return await writeInTurns(await arrive('ada'), await arrive('bob'));
  } finally {
    await Promise.all(contexts.map((context) => context.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeInTurns(ada, bob) {
  const started = performance.now();
  await ada.linkIs('Live');
  await ada.begin(title, ['bob']);
  await ada.append('Whoever had the ring wrote; the others read.');
  await ada.passTo('bob');

  await bob.choose(title);
  await bob.holdsTheRing();
  await bob.reads('Whoever had the ring wrote');
  await bob.workOffline(true);
  await bob.append('Written on a train, without a signal.');
  await bob.append('And on a ferry.');
  await bob.passTo('ada');
  await bob.workOffline(false);
  await bob.isSynced();

  await ada.holdsTheRing();
  await ada.reads('And on a ferry.');
  await ada.append('The draft had grown a middle.');
  await ada.isSynced();
  await bob.reads('grown a middle');
  return seen(ada, bob, performance.now() - started);
}

async function seen(ada, bob, ms) {
  const head = await agreed([ada, bob]);
  const [texts, theirs] = await Promise.all([ada.segments(), bob.segments()]);
  const problems = [...ada.problems, ...bob.problems];
  if (texts.length !== 4) problems.push(`ada sees ${texts.length} segments instead of 4`);
  if (JSON.stringify(texts) !== JSON.stringify(theirs)) problems.push('ada and bob do not see the same text');
  return {
    ok: problems.length === 0,
    drafts: await ada.page.locator('.draft-link').count(),
    segments: texts.length,
    authors: [...new Set(texts.map((segment) => segment.author))],
    seq: head.seq,
    link: head.link,
    linkEqual: true, // or agreed() had given up
    storage: { ada: await ada.storageKind(), bob: await bob.storageKind() },
    ms: Math.round(ms),
    ...(problems.length > 0 && { problems }),
  };
}

if (process.argv.length !== 3) {
  console.error('usage: node demo/check.mjs ADDRESS');
  process.exit(2);
}

try {
  const result = await main(process.argv[2]);
  console.log(JSON.stringify(result));
  process.exitCode = result.ok ? 0 : 1;
} catch (error) {
  console.log(JSON.stringify({ ok: false, problems: [String(error.message ?? error)] }));
  process.exitCode = 1;
}
