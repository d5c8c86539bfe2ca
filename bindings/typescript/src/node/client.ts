import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { PortClient, type Performer } from '../client/client.js';
import { openOptions } from '../client/options.js';
import { textOf } from '../shared/failure.js';
import { uuidV7 } from '../shared/ids.js';
import type { FromWorker, OpenOptions, ToWorker } from '../shared/protocol.js';
import { tabsVersion } from '../tabs/protocol.js';
import { Tab } from '../tabs/tab.js';
import type { Client, ClientOptions, SocketConstructor } from '../types.js';
import type { Socket } from '../worker/connection.js';
import { Engine } from '../worker/engine.js';
import type { StoreFiles } from '../worker/files.js';
import { closeNodeFiles, estimateNodeFiles, openNodeFiles } from './files.js';

/**
 * The client for Node: for bots, jobs and tests. The same as in a page, but that everything runs in this thread, a
 * store is a file or in memory, and {@link ClientOptions.url} must be a whole address. Throws a TypeError for options
 * of the wrong form.
 */
export function createClient(options: ClientOptions): Client {
  const checked = nodeOptions(options);
  const webSocket = options.webSocket ?? (globalThis.WebSocket as SocketConstructor | undefined);
  if (!webSocket && !checked.startOffline) throw new TypeError(noWebSocket);
  return new NodeClient(new InThread(webSocket), options, checked);
}

const noWebSocket = 'this Node has no WebSocket: pass one as webSocket, for instance that of the package ws';

function nodeOptions(options: ClientOptions): OpenOptions {
  const { kind = 'auto', path } = options.storage ?? {};
  if (kind === 'opfs') throw new TypeError('storage.kind "opfs" is for pages; Node has "file" or "memory"');
  if (path !== undefined && typeof path !== 'string') throw new TypeError('storage.path must be a string');
  if (kind === 'file' && !path) throw new TypeError('storage.path must say where the file is');
  if (options.workerUrl !== undefined) throw new TypeError('workerUrl is for pages; Node needs no worker');
  const checked = openOptions(options, undefined, pathToFileURL(`${resolve('.')}/`).href);
  const isFile = kind === 'file' || (kind === 'auto' && path !== undefined);
  const storage = isFile ? ({ name: resolve(path!), kind: 'file' } as const) : ({ name: '', kind: 'memory' } as const);
  return { ...checked, storage };
}

class NodeClient extends PortClient {
  constructor(performer: InThread, { auth }: ClientOptions, options: OpenOptions) {
    super(performer, auth, options);
    performer.onmessage = (message) => this.heard(message);
    performer.onerror = (why) => this.broke(why);
  }
}

/** What a page's worker is, in this thread: messages arrive after whatever runs now, in order. */
class InThread implements Performer {
  onmessage: (message: FromWorker) => void = () => undefined;
  onerror: (why: string) => void = () => undefined;
  readonly #tab: Tab;
  #ended = false;

  constructor(webSocket: SocketConstructor | undefined) {
    const timers = {
      now: () => Date.now(),
      setTimeout: (work: () => void, ms: number) => setTimeout(work, ms) as unknown as number,
      clearTimeout: (timer: number | undefined) => clearTimeout(timer),
    };
    let opened: StoreFiles | undefined;
    const makeEngine = (post: (message: FromWorker) => void) =>
      new Engine({
        ...timers,
        post,
        compile,
        filesKind: 'file',
        openFiles: async (path) => (opened = await openNodeFiles(path)),
        closeFiles: closeNodeFiles,
        connect: (url, subprotocol) => connect(webSocket, url, subprotocol),
        soon: (work) => void setImmediate(work),
        estimate: async () => (opened ? estimateNodeFiles(opened) : { usage: null, quota: null }),
        warn: (text) => console.warn(text),
      });
    this.#tab = new Tab({
      ...timers,
      tab: uuidV7(),
      version: tabsVersion,
      locks: null, // a store in Node is one client's
      channels: { open: () => { throw new Error('there are no other tabs'); } },
      unheardMax: 1_000,
      engine: makeEngine,
      hasFiles: async () => false,
      prepare: () => undefined,
      post: (message) => queueMicrotask(() => this.#ended || this.onmessage(message)),
      newId: () => uuidV7(),
    });
  }

  postMessage(message: ToWorker): void {
    queueMicrotask(() => this.#take(message));
  }

  /** Lets go of the files, as the end of a worker would. */
  terminate(): void {
    this.#ended = true;
    this.#tab.handle({ type: 'suspend' });
  }

  #take(message: ToWorker): void {
    if (this.#ended) return;
    try {
      this.#tab.handle(message);
    } catch (error) {
      this.onerror(textOf(error));
    }
  }
}

/** By address; several clients of a process share it. */
const compiled = new Map<string, Promise<WebAssembly.Module>>();

function compile(wasmUrl: string | null): Promise<WebAssembly.Module> {
  const url = wasmUrl ?? new URL('./onering.wasm', import.meta.url).href;
  const known = compiled.get(url);
  if (known) return known;
  const compiling = load(url).then((bytes) => WebAssembly.compile(bytes));
  compiled.set(url, compiling);
  compiling.catch(() => void compiled.delete(url));
  return compiling;
}

async function load(url: string): Promise<BufferSource> {
  if (url.startsWith('file:')) return readFile(new URL(url));
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  return response.arrayBuffer();
}

function connect(webSocket: SocketConstructor | undefined, url: string, subprotocol: string): Socket {
  if (!webSocket) throw new TypeError(noWebSocket);
  const socket = new webSocket(url, subprotocol) as Socket & EventTarget;
  socket.addEventListener('error', () => undefined); // a close follows; unheard, ws would throw it
  return socket;
}
