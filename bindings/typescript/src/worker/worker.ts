/** The worker's entry: wires a tab and its engines to the browser. */
import { compileAt } from '../shared/compile.js';
import { uuidV7 } from '../shared/ids.js';
import type { FromWorker, ModuleMessage, ToWorker } from '../shared/protocol.js';
import type { Locks } from '../tabs/candidacy.js';
import { tabsVersion } from '../tabs/protocol.js';
import { Tab } from '../tabs/tab.js';
import type { Socket } from './connection.js';
import { Engine } from './engine.js';
import { closeFiles, hasFiles, openFiles } from './files.js';

/** What a dedicated worker's global scope has; its own types and the page's cannot be had together. */
interface Scope {
  onmessage: ((event: MessageEvent<ToWorker | ModuleMessage>) => void) | null;
  postMessage(message: FromWorker): void;
  addEventListener(type: 'online', listener: () => void): void;
}

const scope = globalThis as unknown as Scope;

let give: (module: ModuleMessage['module']) => void;
const given = new Promise<ModuleMessage['module']>((resolve) => void (give = resolve));

let compiled: Promise<WebAssembly.Module> | undefined;

/** Once, unless it fails. */
function compile(wasmUrl: string | null): Promise<WebAssembly.Module> {
  compiled ??= given.then((module) => module ?? compileAt(wasmUrl ?? new URL('./onering.wasm', import.meta.url).href));
  compiled.catch(() => void (compiled = undefined));
  return compiled;
}

/** A macrotask: messages that have arrived by now are taken first. */
function makeSoon(): (work: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()!();
  return (work) => {
    waiting.push(work);
    port2.postMessage(null);
  };
}

const timers = {
  now: () => Date.now(),
  setTimeout: (work: () => void, ms: number) => setTimeout(work, ms) as unknown as number,
  clearTimeout: (timer: number | undefined) => clearTimeout(timer),
};

const files = {
  storage: navigator.storage as StorageManager | undefined,
  now: timers.now,
  sleep: (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms)),
};

const soon = makeSoon();

const makeEngine = (post: (message: FromWorker) => void) =>
  new Engine({
    ...timers,
    post,
    compile,
    filesKind: 'opfs',
    openFiles: (name) => openFiles(files, name),
    closeFiles,
    connect: (url, subprotocol) => new WebSocket(url, subprotocol) as unknown as Socket,
    soon,
    estimate: async () => {
      const { usage = null, quota = null } = (await navigator.storage?.estimate?.()) ?? {};
      return { usage, quota };
    },
    warn: (text) => console.warn(text),
  });

const tab = new Tab({
  ...timers,
  tab: uuidV7(),
  version: tabsVersion,
  locks: (navigator.locks as Locks | undefined) ?? null,
  channels: {
    open(name, heard) {
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => heard(data);
      return channel;
    },
  },
  unheardMax: 1_000,
  engine: makeEngine,
  hasFiles: () => hasFiles(files),
  prepare: ({ wasmUrl }) => void compile(wasmUrl).catch(() => undefined),
  post: (message) => scope.postMessage(message),
  newId: () => uuidV7(),
});

scope.onmessage = ({ data }) => (data.type === 'module' ? give(data.module) : tab.handle(data));
scope.addEventListener('online', () => tab.handle({ type: 'online' }));
