// Formatting of every C++ file (`format`), or clang-tidy over every one that the two builds compile (`lint`). A file
// that clang-tidy found clean is not checked again until it, a header of ours that it includes, its flags or the rules
// change. Its checks look at our own declarations only (tidy-scope.cpp).
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'onering', 'tidy');
const ours = /^(sdk|native|wasm|tests|docs|cmake)\//;

const program = (name) =>
  [`${name}-19`, name, `${name}-20`].find((candidate) => spawnSync(candidate, ['--version']).status === 0);
const clangFormat = program('clang-format');
const clangTidy = program('clang-tidy');

function sources() {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.h', '*.cpp'], { cwd: root });
  return listed.toString().split('\n').filter((file) => ours.test(file) && existsSync(join(root, file)));
}

function checkFormat(files) {
  return files.filter((file) => {
    const { status } = spawnSync(clangFormat, ['--dry-run', '-Werror', file], { cwd: root });
    if (status !== 0) console.log(`${file}: not formatted; ${clangFormat} -i ${file} does it`);
    return status !== 0;
  });
}

// The compile commands of both builds, each file once: as the native build has it where it is in both.
function compileCommands() {
  const commands = new Map();
  for (const build of ['wasm', 'native']) {
    const database = join(root, 'build', build, 'compile_commands.json');
    if (!existsSync(database)) continue;
    for (const { directory, command, file } of JSON.parse(readFileSync(database))) {
      if (ours.test(relative(root, file)) && !relative(root, file).startsWith('cmake/')) commands.set(file, { build, directory, command });
    }
  }
  return commands;
}

// em++ adds flags of its own to each command; clang-tidy has to be told them. Asked by a compilation of nothing, whose
// command it tells: `em++ --cflags` wants a file that not every Emscripten comes with.
let emscriptenFlags;
function extraArguments(build, command) {
  if (build !== 'wasm') return [];
  if (emscriptenFlags === undefined) {
    const compiler = command.split(' ').find((word) => word.endsWith('em++'));
    const asked = ['-v', '-fsyntax-only', '-x', 'c++', '-'];
    const told = spawnSync(compiler, asked, { input: '' }).stderr.toString().split('\n').find((line) => line.includes(' -target '));
    emscriptenFlags = told.trim().split(/\s+/).slice(1, -asked.length);
  }
  return emscriptenFlags.map((flag) => `--extra-arg-before=${flag}`);
}

function dependencies({ directory, command }, file) {
  const words = command.split(' ').filter((word) => !word.endsWith('ccache'));
  const end = words.indexOf('-c');
  const skipped = new Set(['-MD', '-MT', '-MF', '-o']);
  const flags = words.slice(1, end).filter((word, i, all) => !skipped.has(word) && !(skipped.has(all[i - 1]) && all[i - 1] !== '-MD'));
  const result = spawnSync(words[0], [...flags, '-MM', file], { cwd: directory, maxBuffer: 1 << 26 });
  if (result.status !== 0) return undefined;
  const listed = result.stdout.toString().replace(/\\\n/g, ' ').split(':').slice(1).join(':').trim().split(/\s+/);
  return listed.map((path) => resolve(directory, path)).filter((path) => path.startsWith(root)).sort();
}

// The rules for a file: its folder's and those of the folders above.
function rulesFor(file) {
  const rules = [];
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, '.clang-tidy');
    if (existsSync(path)) rules.push(path);
    if (folder === root) return rules;
  }
}

// Built with the headers of the clang-tidy that loads it.
function scopePlugin() {
  const major = execFileSync(clangTidy, ['--version']).toString().match(/version (\d+)/)[1];
  const source = join(root, 'tests', 'tidy-scope.cpp');
  const plugin = join(cache, `scope-${createHash('sha256').update(readFileSync(source)).update(major).digest('hex')}.so`);
  if (existsSync(plugin)) return plugin;
  const flags = execFileSync(`llvm-config-${major}`, ['--cppflags']).toString().trim().split(/\s+/);
  const made = `${plugin}.${process.pid}`;
  execFileSync(`clang++-${major}`, ['-std=c++17', '-O2', '-fno-rtti', '-fPIC', '-shared', ...flags, source, '-o', made], { stdio: 'inherit' });
  renameSync(made, plugin);
  return plugin;
}

function keyOf(file, entry) {
  const used = dependencies(entry, file);
  if (used === undefined) return undefined;
  const hash = createHash('sha256');
  hash.update(execFileSync(clangTidy, ['--version']));
  for (const rules of rulesFor(file)) hash.update(readFileSync(rules));
  hash.update(entry.command.replaceAll(root, ''));
  for (const path of used) hash.update(relative(root, path)).update(readFileSync(path));
  return hash.digest('hex');
}

function tidy(file, entry, plugin) {
  const key = keyOf(file, entry);
  const stamp = key && join(cache, key);
  if (stamp && existsSync(stamp)) return Promise.resolve(true);
  return new Promise((done) => {
    const own = ['--quiet', `--load=${plugin}`, '--checks=onering-scope', '-p', join(root, 'build', entry.build)];
    const child = spawn(clangTidy, [...own, ...extraArguments(entry.build, entry.command), file], { cwd: root });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('close', (status) => {
      if (status === 0 && stamp) writeFileSync(stamp, '');
      if (status !== 0) console.log(output.replace(/^\d+ warnings?( and \d+ errors?)? generated\.\n/gm, ''));
      done(status === 0);
    });
  });
}

function format() {
  const files = sources();
  const failed = checkFormat(files).length;
  return { passed: files.length - failed, failed };
}

async function lint() {
  mkdirSync(cache, { recursive: true });
  const plugin = scopePlugin();
  const queue = [...compileCommands()];
  const totals = { passed: 0, failed: 0 };
  const worker = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      (await tidy(...next, plugin)) ? totals.passed++ : totals.failed++;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return totals;
}

const { passed, failed } = await { format, lint }[process.argv[2]]();
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
