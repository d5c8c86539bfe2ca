/**
 * The module's exports (wasm/module/exports.cpp), typed. Texts go in as UTF-8, answers come out as JSON; no address
 * leaves this file.
 */
import type { FeedChange, KeptChange, OpRequest, SettledOp, VerifiedPart } from '../shared/protocol.js';
import type {
  DraftPage,
  DraftSnapshot,
  Failure,
  HistoryPage,
  KeptOp,
  Limits,
  ListCursor,
  LogPage,
  OpDetails,
  PastDraft,
  Presence,
  SegmentPage,
} from '../types.js';
import type { Host } from './host.js';

/** Who this device belongs to, and what it may do. `user` is empty until it is known. */
export interface DeviceRecord {
  readonly user: string;
  readonly display: string;
  readonly device: string;
  readonly limits: Limits;
}

/** Where the replica stands. */
export interface Standing {
  readonly link: 'offline' | 'connecting' | 'catchingUp' | 'live' | 'denied';
  readonly pending: number;
  readonly kept: number;
  /** When to call {@link Module.tick}; absent: nothing waits for it. */
  readonly pushAgainAt?: number;
}

export interface Opened extends Standing {
  readonly record: DeviceRecord;
}

export interface Done extends Standing {
  readonly committed: true;
  readonly draftsChanged: boolean;
  readonly keptChange?: KeptChange;
  readonly record?: DeviceRecord;
  readonly settled?: readonly SettledOp[];
  readonly divergences?: readonly string[];
  readonly refused?: readonly { readonly error: Failure; readonly retryAfterMs: number }[];
  readonly feeds?: readonly FeedChange[];
  readonly presence?: readonly { readonly draft: string; readonly people: readonly Presence[] }[];
  /** The messages of this commit could not be made: connect anew. */
  readonly sendFault?: DetailedFailure;
}

/**
 * The replica was opened anew from what was durable. Whatever was performed since the last commit is gone, and the
 * connection's conversation with it. Not `open`: the store could not be opened again.
 */
export interface Fault extends Partial<Standing> {
  readonly committed: false;
  readonly open: boolean;
  readonly error: DetailedFailure;
  readonly feeds?: readonly FeedChange[];
}

export type Committed = Done | Fault;

/** What came of operations, but for those that are shown; by their places in the list. */
export interface Performed {
  readonly refused: readonly { readonly at: number; readonly error: DetailedFailure }[];
  readonly waiting: readonly number[];
}

/** `detail` is for a console. */
export interface DetailedFailure extends Failure {
  readonly detail?: string;
}

/** Nothing has changed. */
export class Refused extends Error {
  readonly failure: DetailedFailure;

  constructor(failure: DetailedFailure) {
    super(failure.detail ?? failure.code);
    this.name = 'Refused';
    this.failure = failure;
  }
}

/** See {@link Fault}. */
export class Faulted extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.error.detail ?? fault.error.code);
    this.name = 'Faulted';
    this.fault = fault;
  }
}

/** What is known of an op. Without `settled` it is pending. */
export interface OpOutcome {
  readonly effect: 'shown' | 'waiting';
  readonly settled?: SettledOp;
}

/** The text of a `T`. */
export type Json<T> = string & { readonly of?: T };

function parsed<T>(json: Json<T>): T {
  return JSON.parse(json) as T;
}

type Argument = string | number | Uint8Array;
type Exported = (...numbers: number[]) => number;

const faultStatus = -2;
const pageSegmentsMax = 1_000;

/** By operation, in the module's numbering: what it hands over besides its ids, in this order (wasm/module/operations.h). */
const fields: { readonly [name in OpRequest['name']]: readonly string[] } = {
  create: ['title', 'platform', 'holdLimitMs'],
  append: ['segment', 'text'],
  passRing: ['to'],
  setTitle: ['title', 'expect'],
  addCollaborator: ['user', 'role'],
  setRole: ['user', 'role'],
  removeCollaborator: ['user'],
  redact: ['segment'],
  createInvite: ['invite', 'token', 'user', 'role', 'lifetimeMs'],
  revokeInvite: ['invite'],
  acceptInvite: ['invite', 'token'],
  requestRing: [],
  cancelRequest: [],
  reclaimRing: [],
  lock: [],
  unlock: [],
  complete: [],
  delete: [],
  restore: [],
  resubmit: ['kept'],
  copyKept: ['from', 'title'],
  dismiss: ['kept'],
};
const kinds = new Map(Object.entries(fields).map(([name, own], kind) => [name, { kind, fields: ['op', 'draft', ...own] }]));

/** One instance with one device. Every method throws {@link Refused} or {@link Faulted}; a trap throws what it throws. */
export class Module {
  readonly #exports: Record<string, Exported>;
  readonly #memory: WebAssembly.Memory;
  readonly #now: () => number;
  readonly #decoder = new TextDecoder();
  #device = 0;

  constructor(compiled: WebAssembly.Module, host: Host, now: () => number) {
    const { exports } = new WebAssembly.Instance(compiled, host.imports());
    this.#memory = exports['memory'] as WebAssembly.Memory;
    this.#exports = exports as Record<string, Exported>;
    this.#now = now;
    host.attach(this.#memory);
    this.#exports['_initialize']!();
  }

  /** `name`: of the files that the host provides; empty: in memory. */
  open(name: string, user: string): Opened {
    this.#device = this.#call('onering_open', name, user, this.#now());
    return this.#json() as Opened;
  }

  close(): void {
    this.#call('onering_close', this.#device);
    this.#device = 0;
  }

  /** Puts all that is stored into the database file. */
  checkpoint(): void {
    this.#ask('onering_checkpoint', this.#now());
  }

  /** In their order. */
  perform(operations: readonly OpRequest[]): Performed {
    const { texts, size, room } = measured(operations);
    const at = this.#exports['onering_reserve']!(size + room);
    const { buffer } = this.#memory;
    const sizes = writeTexts(texts, new Uint8Array(buffer, at + size, room));
    writeOperations(operations, sizes, new DataView(buffer, at, size));
    this.#ask('onering_perform', at, size, at + size, room, this.#now());
    return this.#json() as Performed;
  }

  /** Null: nothing is known of it. */
  outcome(draft: string, op: string): OpOutcome | null {
    this.#ask('onering_outcome', op, draft, this.#now());
    return this.#json() as OpOutcome | null;
  }

  connected(token: string): void {
    this.#ask('onering_connected', token, this.#now());
  }

  disconnected(): void {
    this.#ask('onering_disconnected', this.#now());
  }

  refresh(token: string): void {
    this.#ask('onering_refresh', token, this.#now());
  }

  /** 0: away, 1: here, 2: typing. */
  present(draft: string, attention: 0 | 1 | 2): void {
    this.#ask('onering_present', draft, attention, this.#now());
  }

  tick(): void {
    this.#ask('onering_tick', this.#now());
  }

  receive(message: Uint8Array): void {
    this.#ask('onering_receive', message, this.#now());
  }

  commit(): Committed {
    this.#ask('onering_commit', this.#now());
    return this.#json() as Committed;
  }

  /** A message to send, or null: all have been handed out. */
  nextMessage(): Uint8Array<ArrayBuffer> | null {
    return this.#ask('onering_next_message') === 1 ? this.#result().slice() : null;
  }

  subscribe(subscription: number, draft: string, tail: number): FeedChange {
    this.#ask('onering_subscribe', subscription, draft, tail, this.#now());
    return this.#json() as FeedChange;
  }

  unsubscribe(subscription: number): void {
    this.#ask('onering_unsubscribe', subscription);
  }

  // --- what a page reads: as JSON, whose values are the page's to make ---------------------------------------

  /** Null: there is no such draft. */
  draft(draft: string): Json<Omit<DraftSnapshot, 'reclaimableAt'> | null> {
    return this.#read('onering_draft', draft, this.#now());
  }

  segments(draft: string, from: number, to: number): Json<SegmentPage> {
    return this.#read('onering_segments', draft, from, to, pageSegmentsMax, this.#now());
  }

  history(draft: string, from: number, limit: number): Json<HistoryPage> {
    return this.#read('onering_history', draft, from, limit, this.#now());
  }

  log(draft: string, from: number, to: number): Json<LogPage> {
    return this.#read('onering_log', draft, from, to, this.#now());
  }

  draftAt(draft: string, seq: number): Json<PastDraft> {
    return this.#read('onering_draft_at', draft, seq, this.#now());
  }

  page(after: ListCursor | null, limit: number): Json<DraftPage> {
    return this.#read('onering_list', after?.updatedAt ?? 0, after?.id ?? '', limit, this.#now());
  }

  // --- what the worker itself reads --------------------------------------------------------------------------

  verify(draft: string, from: number): VerifiedPart {
    this.#ask('onering_verify', draft, from, this.#now());
    return this.#json() as VerifiedPart;
  }

  /** The first so many. */
  list(limit: number): DraftPage {
    return parsed(this.page(null, limit));
  }

  kept(): KeptOp[] {
    this.#ask('onering_kept', this.#now());
    return this.#json() as KeptOp[];
  }

  pending(): OpDetails[] {
    this.#ask('onering_pending', this.#now());
    return this.#json() as OpDetails[];
  }

  /** Calls with the device as the first argument. */
  #ask(name: string, ...args: Argument[]): number {
    return this.#call(name, this.#device, ...args);
  }

  /** Texts and bytes become address and length, numbers stay. */
  #call(name: string, ...args: Argument[]): number {
    return this.#check(this.#exports[name]!(...this.#lowered(args)));
  }

  #check(status: number): number {
    if (status >= 0 || status === undefined) return status;
    const told: unknown = this.#json();
    if (status === faultStatus) throw new Faulted(told as Fault);
    throw new Refused(told as DetailedFailure);
  }

  #lowered(args: readonly Argument[]): number[] {
    let room = 0;
    for (const arg of args) {
      if (typeof arg === 'string') room += 3 * arg.length;
      else if (typeof arg !== 'number') room += arg.length;
    }
    let at = room > 0 ? this.#exports['onering_reserve']!(room) : 0;
    const memory = new Uint8Array(this.#memory.buffer);
    const numbers: number[] = [];
    for (const arg of args) {
      if (typeof arg === 'number') {
        numbers.push(arg);
        continue;
      }
      const size = this.#write(memory.subarray(at), arg);
      numbers.push(at, size);
      at += size;
    }
    return numbers;
  }

  #write(to: Uint8Array, content: string | Uint8Array): number {
    if (typeof content === 'string') return encoder.encodeInto(content, to).written;
    to.set(content);
    return content.length;
  }

  #result(): Uint8Array<ArrayBuffer> {
    const at = this.#exports['onering_result']!();
    return new Uint8Array(this.#memory.buffer as ArrayBuffer, at, this.#exports['onering_result_size']!());
  }

  #read<T>(name: string, ...args: Argument[]): Json<T> {
    this.#ask(name, ...args);
    return this.#text() as Json<T>;
  }

  #text(): string {
    return this.#decoder.decode(this.#result());
  }

  #json(): unknown {
    return JSON.parse(this.#text());
  }
}

type Fields = Readonly<Record<string, string | number>>;

/** The operations' texts, room for their UTF-8, and the size of all else (wasm/module/operations.h). */
function measured(operations: readonly OpRequest[]): { readonly texts: string[]; readonly size: number; readonly room: number } {
  const texts: string[] = [];
  let size = 0;
  let room = 0;
  for (const operation of operations) {
    ++size;
    for (const name of kinds.get(operation.name)!.fields) {
      const value = (operation as unknown as Fields)[name]!;
      if (typeof value === 'number') {
        size += 8;
      } else {
        texts.push(value);
        size += 4;
        room += 3 * value.length;
      }
    }
  }
  return { texts, size, room };
}

/** One behind the other. Returns the size of each. A call of the encoder costs more than most texts: one does for all. */
function writeTexts(texts: readonly string[], to: Uint8Array): number[] {
  const all = texts.join('');
  if (encoder.encodeInto(all, to).written === all.length) return texts.map(({ length }) => length);
  let at = 0;
  return texts.map((text) => {
    const { written } = encoder.encodeInto(text, to.subarray(at));
    at += written;
    return written;
  });
}

function writeOperations(operations: readonly OpRequest[], sizes: readonly number[], to: DataView): void {
  let at = 0;
  let text = 0;
  for (const operation of operations) {
    const { kind, fields: names } = kinds.get(operation.name)!;
    to.setUint8(at++, kind);
    for (const name of names) {
      const value = (operation as unknown as Fields)[name]!;
      if (typeof value === 'number') {
        to.setFloat64(at, value, true);
        at += 8;
      } else {
        to.setUint32(at, sizes[text++]!, true);
        at += 4;
      }
    }
  }
}

const encoder = new TextEncoder();
