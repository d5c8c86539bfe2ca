// Applies each mutant in a scratch copy, builds what the suite that has to catch it needs, and runs that suite, which
// must fail. Ends with a table and the line of totals.
//
//   tests/mutants/run.mjs [NAME...]      default: all
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { availableParallelism } from 'node:os';
import { mutants } from './mutants.mjs';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const scratch = join(root, 'build', 'mutants');
const build = join(scratch, 'build', 'native');
const minutesMax = 3;  // for suites that take half of one
// The suite's tests that are of the file, by Catch2's tags.
const testsFor = {
  'sdk/wire/decode.cpp': '[wire]',
  'sdk/sync/authority.cpp': '[sync]',
  'sdk/sync/authority-news.cpp': '[sync]',
  'sdk/sync/replica.cpp': '[sync]',
  'sdk/sync/replica-receive.cpp': '[sync]',
  'sdk/sync/store-work.cpp': '[sync]',
};
const suites = {
  unit: { program: 'onering-unit', environment: {} },
  conformance: { program: 'onering-conformance', environment: {} },
  // Not by the fingerprint, which every change of behaviour changes.
  simulation: {
    program: 'onering-simulation',
    environment: { ONERING_SIMULATION_SEEDS: '1..1500' },
    tests: '~seeds are played*',
  },
};

// Only what differs is written, so that what was built before stays built.
function copySources() {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root }).toString();
  for (const file of [...listed.split('\n').filter(Boolean), 'build/toolchain.cmake']) {
    const [from, to] = [join(root, file), join(scratch, file)];
    if (!existsSync(from) || !statSync(from).isFile()) continue;
    if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) continue;
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to);
  }
}

function make(program) {
  const jobs = Math.max(1, Math.min(2, availableParallelism()));
  return spawnSync('cmake', ['--build', build, '-j', String(jobs), '--target', program], { encoding: 'utf8' });
}

// `tests`: only these, where the whole suite takes long.
function play(suite, tests) {
  const { program, environment } = suites[suite];
  return spawnSync(join(build, 'tests', program), [...(tests ? [tests] : []), '--abort', '--colour-mode', 'none'], {
    cwd: scratch,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    maxBuffer: 1 << 28,
    timeout: minutesMax * 60_000,
    killSignal: 'SIGKILL',
  });
}

// The test that failed first, as Catch2 tells it: between two rules, above its file.
function caughtBy(output) {
  const lines = output.split('\n');
  const at = lines.findIndex((line) => /^-{70,}$/.test(line));
  const name = [];
  for (const line of lines.slice(at + 1)) {
    if (/^-{70,}$/.test(line)) break;
    name.push(line.trim());
  }
  return at < 0 ? 'a crash' : name.join(' ').slice(0, 100);
}

function check(mutant) {
  const file = join(scratch, mutant.file);
  const source = readFileSync(file, 'utf8');
  if (source.split(mutant.was).length !== 2) return { problem: 'what it changes does not stand there once' };
  // What a change leaves unused is no reason not to build it.
  const quiet = '#pragma clang diagnostic ignored "-Weverything"\n';
  writeFileSync(file, quiet + source.replace(mutant.was, () => mutant.is));
  try {
    const made = make(suites[mutant.suite].program);
    if (made.status !== 0) return { problem: `does not build:\n${made.stdout.slice(-3000)}` };
    const played = play(mutant.suite, mutant.suite === 'unit' ? testsFor[mutant.file] : suites[mutant.suite].tests);
    if (played.status === 0) return { problem: 'survives' };
    return { by: played.error ? 'no end' : caughtBy(played.stdout) };
  } finally {
    writeFileSync(file, source);
  }
}

function prepare(wanted) {
  copySources();
  const configured = spawnSync('cmake', ['--preset', 'native'], { cwd: scratch, encoding: 'utf8' });
  if (configured.status !== 0) throw new Error(configured.stderr);
  for (const suite of new Set(wanted.map((mutant) => mutant.suite))) {
    const made = make(suites[suite].program);
    if (made.status !== 0) throw new Error(made.stdout.slice(-3000));
    const played = play(suite);
    if (played.status !== 0) throw new Error(`${suite} fails without any mutant:\n${played.stdout.slice(-3000)}`);
  }
}

const names = process.argv.slice(2);
const wanted = mutants.filter((mutant) => names.length === 0 || names.includes(mutant.name));
prepare(wanted);
let caught = 0;
for (const mutant of wanted) {
  const started = Date.now();
  const { by, problem } = check(mutant);
  if (by) caught += 1;
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`${by ? 'caught' : 'NOT CAUGHT'} | ${mutant.name} | ${mutant.suite} | ${by ?? problem} | ${seconds} s`);
}
console.log(`${caught} passed, ${wanted.length - caught} failed, 0 skipped`);
process.exit(caught === wanted.length ? 0 : 1);
