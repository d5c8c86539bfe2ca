import { existsSync, readFileSync } from 'node:fs';

import { Link } from '../../src/client/link.js';
import { uuidV7 } from '../../src/shared/ids.js';
import type { FromWorker, OpenOptions } from '../../src/shared/protocol.js';
import { DraftHandle } from '../../src/client/draft-handle.js';
import type { Draft, Result, Status } from '../../src/index.js';
import { Engine, type EngineEnvironment } from '../../src/worker/engine.js';
import { FilesError } from '../../src/worker/files.js';
import { FakeStore } from './files.js';
import { FakeSocket } from './socket.js';

const wasm = new URL(`${process.env['ONERING_WASM_DIR'] ?? '../../../../build/wasm'}/onering.wasm`, import.meta.url);

/** Whether the module was built; without it there is no worker to test. */
export const isBuilt = existsSync(wasm);

let compiled: WebAssembly.Module | undefined;

export function compileOnce(): WebAssembly.Module {
  return (compiled ??= new WebAssembly.Module(readFileSync(wasm)));
}

type Estimate = EngineEnvironment['estimate'];

/** A client and its worker in one thread: the real module over files in memory, messages copied as between threads. */
export class Device {
  readonly store: FakeStore;
  readonly link: Link;
  readonly sockets: FakeSocket[] = [];
  readonly warnings: string[] = [];
  readonly messages: FromWorker[] = [];
  readonly #engine: Engine;

  private constructor(store: FakeStore, openFiles: () => Promise<FakeStore>, estimate: Estimate) {
    this.store = store;
    this.#engine = new Engine({
      now: Date.now,
      setTimeout: (work, ms) => setTimeout(work, ms) as unknown as number,
      clearTimeout: (timer) => clearTimeout(timer),
      post: (message) => {
        const copy = structuredClone(message);
        this.messages.push(copy);
        queueMicrotask(() => this.link.handle(copy));
      },
      compile: async () => compileOnce(),
      filesKind: 'opfs',
      openFiles,
      closeFiles: ({ files }) => files.forEach((file) => file.close()),
      connect: () => {
        this.sockets.push(new FakeSocket());
        return this.sockets.at(-1)!;
      },
      soon: (work) => void setTimeout(work, 0),
      estimate,
      warn: (text) => void this.warnings.push(text),
    });
    this.link = new Link({ postMessage: (message) => this.#engine.handle(structuredClone(message)) }, async () => 'token');
  }

  static async open(
    store = new FakeStore(),
    { openFiles, estimate, ...options }: { openFiles?: () => Promise<FakeStore>; estimate?: Estimate } & Partial<Omit<OpenOptions, 'storage'>> & {
        storage?: OpenOptions['storage'];
      } = {},
  ): Promise<Device> {
    const device = new Device(store, openFiles ?? (async () => store), estimate ?? (async () => ({ usage: 1_000, quota: 2_000 })));
    device.link.post({
      type: 'open',
      options: {
        url: 'wss://example.test/sync',
        user: 'ann',
        storage: { name: 'store', kind: 'auto' },
        startOffline: true,
        wasmUrl: null,
        ...options,
      },
    });
    await device.until((status) => status.state !== 'opening');
    return device;
  }

  get status(): Status {
    return this.link.status.current;
  }

  until(holds: (status: Status) => boolean): Promise<Status> {
    return this.link.until<Status>((settle) =>
      this.link.status.subscribe((status) => {
        if (holds(status)) settle(status);
      }),
    );
  }

  async newDraft(title = 'A draft'): Promise<Draft> {
    const { draft, local } = this.link.perform({
      op: uuidV7(),
      draft: uuidV7(),
      name: 'create',
      title,
      platform: '',
      holdLimitMs: 0,
    });
    valueOf(await local);
    return new DraftHandle(this.link, draft);
  }

  async close(): Promise<void> {
    await Promise.resolve(); // what was called in this task is on its way
    await this.#engine.close();
    await new Promise((resolve) => setTimeout(resolve));
    this.link.end();
  }
}

type Functions = Record<string, (...numbers: number[]) => unknown>;

/**
 * Makes every instance of the module end in a trap when that function of its own, or of the host's, is called while `isDue`: no
 * call of it comes back afterwards. Returns how to stop that.
 */
export function trapping(name: string, isDue: () => boolean): () => void {
  const { Instance } = WebAssembly;
  const trapped = function (module: WebAssembly.Module, imports: { readonly onering: Functions }) {
    let isDead = false;
    const guarded = (functions: Functions): Functions =>
      Object.fromEntries(
        Object.entries(functions).map(([of, each]) => [
          of,
          (...numbers: number[]) => {
            isDead ||= of === name && isDue();
            if (isDead) throw new WebAssembly.RuntimeError('unreachable');
            return each(...numbers);
          },
        ]),
      );
    const { memory, ...functions } = new Instance(module, { ...imports, onering: guarded(imports.onering) }).exports;
    return { exports: { memory, ...guarded(functions as Functions) } };
  };
  WebAssembly.Instance = trapped as unknown as typeof Instance;
  return () => void (WebAssembly.Instance = Instance);
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

export const noFiles = (): never => {
  throw new FilesError('none', { code: 'storageUnavailable', message: '' }, 'no such file system here');
};

export async function textsOf(draft: Draft): Promise<string[]> {
  const { segments } = valueOf(await draft.segments());
  return segments.map(({ text }) => text);
}
