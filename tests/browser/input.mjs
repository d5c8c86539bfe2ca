// Writing to test with: real drafts where they lie beside the checkout, and made ones of any size.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { root } from './server.mjs';

export const rfcFile = join(root, '../shared/data/rfc-drafts.jsonl.gz');
export const rfcMissing = existsSync(rfcFile) ? null : '../shared/data/rfc-drafts.jsonl.gz is absent';

// The drafts of a file of JSON Lines.
export async function readDrafts(file) {
  const text = gunzipSync(await readFile(file)).toString('utf8');
  return text.trim().split('\n').map((line) => JSON.parse(line));
}

export function authorsOf(draft) {
  return [...new Set(draft.turns.map((turn) => turn.author))];
}

export function segmentsOf(draft) {
  return draft.turns.flatMap((turn) => turn.segments);
}

// A draft of so many short segments, by ada and bob in turns, ada last, as a file that `onering import` takes.
export async function writeLongDraft(file, { title, segments }) {
  const texts = Array.from({ length: segments }, (_, i) => `${i + 1}. ${sentences[i % sentences.length]}`);
  const turns = [];
  for (let end = segments; end > 0; end -= turnLength) {
    const author = turns.length % 2 === 0 ? 'ada' : 'bob';
    turns.unshift({ author, at: '2024-01-01T00:00:00Z', segments: texts.slice(Math.max(0, end - turnLength), end) });
  }
  await writeFile(file, `${JSON.stringify({ title, turns })}\n`);
}

const turnLength = 250;

const sentences = [
  'The first evening it lay on the kitchen table between the bread and the lamp.',
  'Nobody took it. Then somebody did.',
  'By the time the draft came back it had grown a middle.',
  'She read it twice before she asked for her turn.',
];
