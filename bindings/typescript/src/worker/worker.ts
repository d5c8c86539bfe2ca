/** The worker's entry: wires the engine to the browser. */
import type { FromWorker, ToWorker } from '../shared/protocol.js';
import type { Socket } from './connection.js';
import { Engine } from './engine.js';
import { closeFiles, openFiles } from './files.js';

/** What a dedicated worker's global scope has; its own types and the page's cannot be had together. */
interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
  addEventListener(type: 'online', listener: () => void): void;
}

const scope = globalThis as unknown as Scope;

async function compile(wasmUrl: string | null): Promise<WebAssembly.Module> {
  const url = wasmUrl ?? new URL('./onering.wasm', import.meta.url).href;
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  // A server may not know the file's type; then the browser would refuse to compile it as it arrives.
  const isTyped = response.headers.get('content-type')?.startsWith('application/wasm');
  return isTyped ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
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

const now = () => Date.now();

const engine = new Engine({
  post: (message) => scope.postMessage(message),
  compile,
  openFiles: (name) =>
    openFiles(
      {
        storage: navigator.storage as StorageManager | undefined,
        now,
        sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
      },
      name,
    ),
  closeFiles,
  connect: (url, subprotocol) => new WebSocket(url, subprotocol) as unknown as Socket,
  soon: makeSoon(),
  estimate: async () => {
    const { usage = null, quota = null } = (await navigator.storage?.estimate?.()) ?? {};
    return { usage, quota };
  },
  warn: (text) => console.warn(text),
  now,
  setTimeout: (work, ms) => setTimeout(work, ms) as unknown as number,
  clearTimeout: (timer) => clearTimeout(timer),
});

scope.onmessage = ({ data }) => engine.handle(data);
scope.addEventListener('online', () => engine.online());
