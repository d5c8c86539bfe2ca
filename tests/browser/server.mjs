// `onering` as the tests use it: a server of their own on a free port and a store in a folder of their own,
// and the commands that look at that store. Ends only what it started, by its process id.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const program = process.env.ONERING ?? join(root, 'build/native/onering');
export const web = process.env.ONERING_WEB ?? join(root, 'build/demo');

export class Server {
  #process = null;
  #log = [];

  // `files`: the folder of the page; `auth`: how users are known.
  constructor(folder, port, { auth = ['--dev-auth'], web: files = web } = {}) {
    this.store = join(folder, 'onering.db');
    this.port = port;
    this.auth = auth;
    this.files = files;
  }

  static async start(folder, options) {
    const server = new Server(folder, await freePort(), options);
    await server.start();
    return server;
  }

  get address() {
    return `http://127.0.0.1:${this.port}/`;
  }

  get syncAddress() {
    return `ws://127.0.0.1:${this.port}/sync`;
  }

  // What it wrote on stderr.
  get log() {
    return this.#log.join('\n');
  }

  // Resolves with its ready line.
  async start() {
    const started = spawn(program, ['serve', '--listen', `127.0.0.1:${this.port}`, '--store', this.store, '--web', this.files, ...this.auth], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = started;
    createInterface(started.stderr).on('line', (line) => this.#log.push(line));
    const line = await Promise.race([
      once(createInterface(started.stdout), 'line').then(([text]) => text),
      once(started, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with ${code}:\n${this.log}`))),
    ]);
    if (JSON.parse(line).ready !== true) throw new Error(`the server is not ready: ${line}`);
  }

  // As an operator does: it finishes what it has begun.
  async stop() {
    await this.#end('SIGTERM');
  }

  // As a power cut does.
  async kill() {
    await this.#end('SIGKILL');
  }

  // What a command says about the store, as the JSON values of its lines.
  async ask(command, ...args) {
    const { code, out, err } = await run([command, ...args, '--store', this.store, '--json']);
    if (code !== 0) throw new Error(`onering ${command} ended with ${code}: ${err || out}`);
    return out.trim().split('\n').map((line) => JSON.parse(line));
  }

  // Where the draft's log ends, as the server has it.
  async headOf(draft) {
    const [first] = await this.ask('export', draft);
    return { seq: first.draft.seq, link: first.draft.link };
  }

  async #end(signal) {
    const running = this.#process;
    this.#process = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill(signal);
    await ended;
  }
}

// Runs `onering` to its end.
export async function run(args) {
  const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  started.stdout.on('data', (data) => (out += data));
  started.stderr.on('data', (data) => (err += data));
  const [code] = await once(started, 'close');
  return { code, out, err };
}

// Why the tests cannot run here; null when they can.
export function whatIsMissing() {
  if (!existsSync(program)) return 'build/native/onering is not built';
  if (!existsSync(join(web, 'index.html'))) return 'build/demo is not built';
  return null;
}

export async function freePort() {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
