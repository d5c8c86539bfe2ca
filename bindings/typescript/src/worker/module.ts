/**
 * The module's exports (wasm/module/exports.cpp), typed. Texts go in as UTF-8, answers come out as JSON; no address
 * leaves this file.
 */
import { bareOps, type FeedChange, type OpRequest, type VerifiedPart } from '../shared/protocol.js';
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
  readonly keptChanged?: boolean;
  readonly record?: DeviceRecord;
  readonly settled?: readonly Settled[];
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
  readonly keptChanged?: boolean;
  readonly feeds?: readonly FeedChange[];
}

export type Committed = Done | Fault;

export type Settled =
  | { readonly op: string; readonly draft: string; readonly error: Failure }
  | { readonly op: string; readonly draft: string; readonly seq: number; readonly acceptedAt: number; readonly link: string };

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
  readonly settled?: Settled;
}

type Argument = string | number | Uint8Array;
type Exported = (...numbers: number[]) => number;

const faultStatus = -2;
const pageSegmentsMax = 1_000;

/** One instance with one device. Every method throws {@link Refused} or {@link Faulted}; a trap throws what it throws. */
export class Module {
  readonly #exports: Record<string, Exported>;
  readonly #memory: WebAssembly.Memory;
  readonly #now: () => number;
  readonly #encoder = new TextEncoder();
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

  perform(request: OpRequest): 'shown' | 'waiting' {
    return this.#ask(...this.#operation(request, this.#now())) === 1 ? 'waiting' : 'shown';
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

  draft(draft: string): Omit<DraftSnapshot, 'reclaimableAt'> | null {
    this.#ask('onering_draft', draft, this.#now());
    return this.#json() as Omit<DraftSnapshot, 'reclaimableAt'> | null;
  }

  segments(draft: string, from: number, to: number): SegmentPage {
    this.#ask('onering_segments', draft, from, to, pageSegmentsMax, this.#now());
    return this.#json() as SegmentPage;
  }

  history(draft: string, from: number, limit: number): HistoryPage {
    this.#ask('onering_history', draft, from, limit, this.#now());
    return this.#json() as HistoryPage;
  }

  log(draft: string, from: number, to: number): LogPage {
    this.#ask('onering_log', draft, from, to, this.#now());
    return this.#json() as LogPage;
  }

  draftAt(draft: string, seq: number): PastDraft {
    this.#ask('onering_draft_at', draft, seq, this.#now());
    return this.#json() as PastDraft;
  }

  verify(draft: string, from: number): VerifiedPart {
    this.#ask('onering_verify', draft, from, this.#now());
    return this.#json() as VerifiedPart;
  }

  list(after: ListCursor | null, limit: number): DraftPage {
    this.#ask('onering_list', after?.updatedAt ?? 0, after?.id ?? '', limit, this.#now());
    return this.#json() as DraftPage;
  }

  kept(): KeptOp[] {
    this.#ask('onering_kept', this.#now());
    return this.#json() as KeptOp[];
  }

  pending(): OpDetails[] {
    this.#ask('onering_pending', this.#now());
    return this.#json() as OpDetails[];
  }

  #operation(request: OpRequest, now: number): [string, ...Argument[]] {
    switch (request.name) {
      case 'create':
        return ['onering_create_draft', request.op, request.draft, now, request.title, request.platform, request.holdLimitMs];
      case 'append':
        return ['onering_append', request.op, request.draft, now, request.segment, request.text];
      case 'passRing':
        return ['onering_pass_ring', request.op, request.draft, now, request.to];
      case 'setTitle':
        return ['onering_set_title', request.op, request.draft, now, request.title, request.expect];
      case 'addCollaborator':
        return ['onering_add_collaborator', request.op, request.draft, now, request.user, request.role === 'editor' ? 1 : 0];
      case 'setRole':
        return ['onering_set_role', request.op, request.draft, now, request.user, request.role === 'editor' ? 1 : 0];
      case 'removeCollaborator':
        return ['onering_remove_collaborator', request.op, request.draft, now, request.user];
      case 'redact':
        return ['onering_redact', request.op, request.draft, now, request.segment];
      case 'createInvite': {
        const { op, draft, invite, token, user, role, lifetimeMs } = request;
        return ['onering_create_invite', op, draft, now, invite, token, user, role === 'editor' ? 1 : 0, lifetimeMs];
      }
      case 'revokeInvite':
        return ['onering_revoke_invite', request.op, request.draft, now, request.invite];
      case 'acceptInvite':
        return ['onering_accept_invite', request.op, request.draft, now, request.invite, request.token];
      case 'resubmit':
        return ['onering_resubmit', request.op, request.kept, now];
      case 'copyKept':
        return ['onering_copy_kept', request.op, request.draft, request.from, request.title, now];
      case 'dismiss':
        return ['onering_dismiss', request.kept, now];
      default:
        return ['onering_act', request.op, request.draft, now, bareOps.indexOf(request.name)];
    }
  }

  /** Calls with the device as the first argument. */
  #ask(name: string, ...args: Argument[]): number {
    return this.#call(name, this.#device, ...args);
  }

  /** Texts and bytes become address and length, numbers stay. */
  #call(name: string, ...args: Argument[]): number {
    const status = this.#exports[name]!(...this.#lowered(args));
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
    if (room === 0) return args.flatMap((arg) => (typeof arg === 'number' ? [arg] : [0, 0]));
    let at = this.#exports['onering_reserve']!(room);
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
    if (typeof content === 'string') return this.#encoder.encodeInto(content, to).written;
    to.set(content);
    return content.length;
  }

  #result(): Uint8Array<ArrayBuffer> {
    const at = this.#exports['onering_result']!();
    return new Uint8Array(this.#memory.buffer as ArrayBuffer, at, this.#exports['onering_result_size']!());
  }

  #json(): unknown {
    return JSON.parse(this.#decoder.decode(this.#result()));
  }
}
