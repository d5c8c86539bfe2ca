import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const kept = join(root, 'docs/reference');
const run = promisify(execFile);

test('the reference is what the sources say, and every export has a docstring', async (t) => {
  const made = await mkdtemp(join(tmpdir(), 'onering-reference-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  await run(join(root, 'bindings/typescript/reference/build'), [made]).catch(({ stdout, stderr }) => assert.fail(stdout + stderr));

  const files = (await readdir(made)).sort();
  assert.deepEqual((await readdir(kept)).sort(), files);
  const stale = [];
  for (const file of files) {
    const [old, fresh] = await Promise.all([readFile(join(kept, file)), readFile(join(made, file))]);
    if (!old.equals(fresh)) stale.push(file);
  }
  assert.deepEqual(stale, [], 'run bindings/typescript/reference/build and commit what it changes');
});

// What every operation can be refused with is said once, above all of them.
const saidOnce = ['notFound', 'draftDeleted', 'idMalformed'];
// The client makes no such op.
const cannotCome = ['protocolError'];
// Where the method has another name than the operation.
const methods = { appendSegment: 'append', deleteDraft: 'delete', restoreDraft: 'restore', redactSegment: 'redact',
  createInvite: 'invite', createDraft: 'create' };

test('what refuses an operation is said in its docstring (SPEC §4, "Errors by operation")', async () => {
  const specification = await readFile(join(root, 'docs/specification.md'), 'utf8');
  const types = await readFile(join(root, 'bindings/typescript/src/types.ts'), 'utf8');
  const table = specification.split('### Errors by operation')[1].split('\n###')[0];
  const rows = [...table.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)];
  assert.ok(rows.length >= 19, `the table has ${rows.length} rows`);
  const missing = rows.flatMap(([, operation, codes]) => {
    const method = methods[operation] ?? operation;
    const docstring = new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\n  ${method}\\(`).exec(types)?.[1];
    assert.ok(docstring, `${method}() has no docstring`);
    return [...codes.matchAll(/`(\w+)`/g)]
      .map(([, code]) => code)
      .filter((code) => ![...saidOnce, ...cannotCome].includes(code) && !docstring.includes(`\`${code}\``))
      .map((code) => `${method}: ${code}`);
  });
  assert.deepEqual(missing, []);
});
