// Builds that no suite makes still can be made: every preset that the documentation or a suite names is configured.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');

function presetsNamed() {
  const files = execFileSync('git', ['ls-files', '*.md', 'tests/suites'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  const texts = files.map((file) => readFileSync(join(root, file), 'utf8'));
  return new Set(texts.flatMap((text) => [...text.matchAll(/cmake --preset (\w+)/g)].map((match) => match[1])));
}

const named = presetsNamed();

test('presets are named', () => assert(named.has('asan') && named.has('fuzz')));

for (const preset of named) {
  test(`the preset ${preset} can be configured`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'onering-preset-'));
    try {
      const { status, stderr } = spawnSync('cmake', ['--preset', preset, '-B', folder], { cwd: root, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
