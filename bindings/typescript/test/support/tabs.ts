import { Link } from '../../src/client/link.js';
import { DraftHandle } from '../../src/client/draft-handle.js';
import type { Draft, Result, Status } from '../../src/index.js';
import { busyStorage } from '../../src/shared/failure.js';
import { uuidV7 } from '../../src/shared/ids.js';
import type { FromWorker, OpenOptions, ToWorker } from '../../src/shared/protocol.js';
import type { Locks } from '../../src/tabs/candidacy.js';
import type { Channel, Channels } from '../../src/tabs/leadership.js';
import { Tab } from '../../src/tabs/tab.js';
import { Engine } from '../../src/worker/engine.js';
import { FilesError } from '../../src/worker/files.js';
import { FakeStore } from './files.js';
import { FakeSocket } from './socket.js';
import { compileOnce, valueOf } from './worker.js';

/** Whatever a tab does, it does as itself: once it is killed or frozen, nothing of it happens any more. */
class Life {
  #state: 'running' | 'frozen' | 'dead' = 'running';
  #later: (() => void)[] = [];

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  run(work: () => void): void {
    if (this.#state === 'running') work();
    else if (this.#state === 'frozen') this.#later.push(work);
  }

  /** As a task of its own. */
  soon(work: () => void, ms = 0): number {
    return setTimeout(() => this.run(work), ms) as unknown as number;
  }

  freeze(): void {
    this.#state = 'frozen';
  }

  thaw(): void {
    this.#state = 'running';
    for (const work of this.#later.splice(0)) work();
  }

  end(): void {
    this.#state = 'dead';
  }
}

interface Held {
  readonly life: Life;
  readonly hold: () => Promise<void>;
  readonly reject: (why: Error) => void;
}

/** What the browser has for all tabs of an origin: locks, channels, one store. */
export class Browser {
  /** What is in the files. */
  store = new FakeStore();
  #openIn: Life | null = null;
  readonly #locks = new Map<string, { holder: Held | null; queue: Held[] }>();
  readonly #channels = new Set<{ readonly name: string; readonly life: Life; readonly heard: (message: never) => void }>();

  locks(life: Life): Locks {
    return {
      request: (name, { signal, steal = false }, hold) =>
        new Promise((resolve, reject) => {
          const lock = this.#locks.get(name) ?? { holder: null, queue: [] };
          this.#locks.set(name, lock);
          const held: Held = { life, hold: () => hold().then(resolve), reject };
          if (steal) {
            const robbed = lock.holder;
            lock.holder = null;
            robbed?.life.soon(() => robbed.reject(new DOMException('stolen', 'AbortError')));
            lock.queue.unshift(held);
          } else {
            lock.queue.push(held);
          }
          signal?.addEventListener('abort', () => {
            lock.queue = lock.queue.filter((each) => each !== held);
            reject(new DOMException('withdrawn', 'AbortError'));
          });
          this.#grant(name);
        }),
    };
  }

  #grant(name: string): void {
    const lock = this.#locks.get(name)!;
    if (lock.holder || lock.queue.length === 0) return;
    const holder = lock.queue.shift()!;
    lock.holder = holder;
    holder.life.soon(() => {
      void holder.hold().then(() => {
        if (lock.holder !== holder) return;
        lock.holder = null;
        this.#grant(name);
      });
    });
  }

  channels(life: Life): Channels {
    return {
      open: <Sent, Heard>(name: string, heard: (message: Heard) => void): Channel<Sent> => {
        const end = { name, life, heard: heard as (message: never) => void };
        this.#channels.add(end);
        return {
          postMessage: (message) => {
            if (life.isDead) return;
            for (const other of this.#channels) {
              if (other === end || other.name !== name) continue;
              const copy = structuredClone(message) as never;
              other.life.soon(() => this.#channels.has(other) && other.heard(copy));
            }
          },
          close: () => void this.#channels.delete(end),
        };
      },
    };
  }

  async openFiles(life: Life): Promise<FakeStore> {
    if (this.#openIn) throw new FilesError('busy', busyStorage, 'locked');
    this.#openIn = life;
    return this.store;
  }

  closeFiles(life: Life): void {
    if (this.#openIn === life) this.#openIn = null;
  }

  /** What the browser does when a tab ends: files and locks are free; what was not flushed is gone. */
  clearUp(life: Life): void {
    if (this.#openIn === life) {
      this.#openIn = null;
      this.store = this.store.afterPowerCut();
    }
    for (const end of this.#channels) if (end.life === life) this.#channels.delete(end);
    for (const [name, lock] of this.#locks) {
      lock.queue = lock.queue.filter((each) => each.life !== life);
      if (lock.holder?.life === life) lock.holder = null;
      this.#grant(name);
    }
  }
}

export interface TestTabOptions extends Partial<Omit<OpenOptions, 'storage'>> {
  readonly version?: number;
  readonly storage?: OpenOptions['storage'];
  readonly openFiles?: () => Promise<FakeStore>;
}

/** A page, its worker, the real module: one tab among others of a browser. */
export class TestTab {
  readonly link: Link;
  readonly sockets: FakeSocket[] = [];
  /** What the worker told the page. */
  readonly told: FromWorker[] = [];
  /** Leaderships that this tab began. */
  terms = 0;
  readonly #browser: Browser;
  readonly #life = new Life();
  readonly #tab: Tab;

  constructor(browser: Browser, { version = 1, openFiles, ...options }: TestTabOptions = {}) {
    this.#browser = browser;
    const life = this.#life;
    this.#tab = new Tab({
      tab: uuidV7(),
      version,
      locks: browser.locks(life),
      channels: browser.channels(life),
      unheardMax: 100,
      now: Date.now,
      setTimeout: (work, ms) => life.soon(work, ms),
      clearTimeout: (timer) => clearTimeout(timer),
      hasFiles: async () => true,
      prepare: () => undefined,
      newId: () => (++this.terms, uuidV7()),
      post: (message) => {
        const copy = structuredClone(message);
        this.told.push(copy);
        life.soon(() => this.link.handle(copy));
      },
      engine: (post) =>
        new Engine({
          now: Date.now,
          setTimeout: (work, ms) => life.soon(work, ms),
          clearTimeout: (timer) => clearTimeout(timer),
          post: (message) => life.run(() => post(message)),
          compile: async () => compileOnce(),
          filesKind: 'opfs',
          openFiles: openFiles ?? (() => browser.openFiles(life)),
          closeFiles: () => browser.closeFiles(life),
          connect: () => {
            this.sockets.push(new FakeSocket());
            return this.sockets.at(-1)!;
          },
          soon: (work) => void life.soon(work),
          estimate: async () => ({ usage: 1_000, quota: 2_000 }),
          warn: () => undefined,
        }),
    });
    const post = (message: ToWorker) => {
      const copy = structuredClone(message);
      life.soon(() => this.#tab.handle(copy));
    };
    this.link = new Link({ postMessage: post }, async () => 'token');
    this.link.post({
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
  }

  static async open(browser: Browser, options: TestTabOptions = {}): Promise<TestTab> {
    const tab = new TestTab(browser, options);
    await tab.until(({ state }) => state === 'open');
    return tab;
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

  draft(id: string): Draft {
    return new DraftHandle(this.link, id);
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
    return this.draft(draft);
  }

  /** At once, as a crash does: nothing is said, what was not flushed is lost. */
  kill(): void {
    this.#life.end();
    this.#browser.clearUp(this.#life);
  }

  /** Without its worker being told. */
  freeze(): void {
    this.#life.freeze();
  }

  thaw(): void {
    this.#life.thaw();
  }

  async close(): Promise<Result<void>> {
    const result = await this.link.ask<void>((request) => ({ type: 'close', request }));
    this.link.end();
    this.kill();
    return result;
  }
}
