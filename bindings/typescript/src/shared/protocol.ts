/**
 * What the client on the page and the worker say to each other: named messages, plain values, in order.
 *
 * The worker may be another tab's, so nothing in here is a handle, and whatever can be said twice (an op, a
 * subscription) carries the id by which the second time is recognized.
 */
import type {
  AuthReason,
  DraftSnapshot,
  DraftSummary,
  Failure,
  KeptOp,
  ListCursor,
  Presence,
  Result,
  Segment,
  Status,
  VerifiedLog,
} from '../types.js';

/** What a user does. Its id names it, here as everywhere. */
export type OpRequest = OpIds &
  (
    | {
        readonly name: 'create';
        readonly title: string;
        readonly platform: string;
        readonly holdLimitMs: number;
      }
    | { readonly name: 'append'; readonly segment: string; readonly text: string }
    | { readonly name: 'passRing'; readonly to: string }
    | { readonly name: 'setTitle'; readonly title: string; readonly expect: string }
    | { readonly name: 'addCollaborator' | 'setRole'; readonly user: string; readonly role: Role }
    | { readonly name: 'removeCollaborator'; readonly user: string }
    | { readonly name: 'redact'; readonly segment: string }
    | {
        readonly name: 'createInvite';
        readonly invite: string;
        readonly token: string;
        readonly user: string;
        readonly role: Role;
        readonly lifetimeMs: number;
      }
    | { readonly name: 'revokeInvite'; readonly invite: string }
    | { readonly name: 'acceptInvite'; readonly invite: string; readonly token: string }
    | { readonly name: BareOp }
    /** Makes a kept op anew, under these ids; the draft is its own. */
    | { readonly name: 'resubmit'; readonly kept: string }
    /** Puts the kept segments of `from` into a new draft. */
    | { readonly name: 'copyKept'; readonly from: string; readonly title: string }
    /** Of no draft, and nothing follows it: it goes to no server. */
    | { readonly name: 'dismiss'; readonly kept: string }
  );

type Role = 'editor' | 'viewer';

export interface OpIds {
  readonly op: string;
  readonly draft: string;
}

/** Operations that carry nothing. */
export type BareOp = 'requestRing' | 'cancelRequest' | 'reclaimRing' | 'lock' | 'unlock' | 'complete' | 'delete' | 'restore';

/** What is read, answered once. */
export type ReadRequest =
  | { readonly name: 'draft'; readonly draft: string }
  | { readonly name: 'segments'; readonly draft: string; readonly from: number; readonly to: number }
  | { readonly name: 'history'; readonly draft: string; readonly from: number; readonly limit: number }
  | { readonly name: 'log'; readonly draft: string; readonly from: number; readonly to: number }
  | { readonly name: 'draftAt'; readonly draft: string; readonly seq: number }
  /** Some entries from `from` on: see {@link VerifiedPart}. */
  | { readonly name: 'verify'; readonly draft: string; readonly from: number }
  | { readonly name: 'list'; readonly after: ListCursor | null; readonly limit: number }
  | { readonly name: 'exportWork' }
  | { readonly name: 'exportReplica' };

/** Of a check that goes on at `next` until that is null. `broken`: the entry that is not what its link says. */
export interface VerifiedPart extends VerifiedLog {
  readonly broken: number | null;
  readonly next: number | null;
}

export interface OpenOptions {
  readonly url: string;
  readonly user: string;
  /** In Node, a file's name is its path. */
  readonly storage: { readonly name: string; readonly kind: 'auto' | 'opfs' | 'file' | 'memory' };
  readonly startOffline: boolean;
  readonly wasmUrl: string | null;
}

export type ToWorker =
  | { readonly type: 'open'; readonly options: OpenOptions }
  /** `again`: another worker may have performed them already. */
  | { readonly type: 'perform'; readonly ops: readonly OpRequest[]; readonly again?: boolean }
  /** Ops that are stored: what becomes of them shall be told, also if it has been told already. */
  | { readonly type: 'follow'; readonly ops: readonly OpIds[] }
  | { readonly type: 'read'; readonly request: number; readonly what: ReadRequest }
  | { readonly type: 'subscribe'; readonly subscription: number; readonly draft: string; readonly tail: number }
  | { readonly type: 'unsubscribe'; readonly subscription: number }
  /** A subscription, too: who is at the draft. Said again when the user begins to type, and when they stop. */
  | { readonly type: 'present'; readonly subscription: number; readonly draft: string; readonly typing: boolean }
  | { readonly type: 'watchList'; readonly limit: number }
  | { readonly type: 'token'; readonly request: number; readonly token: string }
  | { readonly type: 'noToken'; readonly request: number; readonly why: string }
  | { readonly type: 'goOnline' }
  | { readonly type: 'goOffline' }
  | { readonly type: 'persisted'; readonly persisted: boolean }
  | { readonly type: 'reopen'; readonly request: number }
  /** `force`: also while work is pending or kept. */
  | { readonly type: 'importReplica'; readonly request: number; readonly copy: Uint8Array<ArrayBuffer>; readonly force: boolean }
  | { readonly type: 'clear'; readonly request: number; readonly force: boolean }
  /** The browser says that the network is back. */
  | { readonly type: 'online' }
  /** Whether the page can be seen. */
  | { readonly type: 'visible'; readonly visible: boolean }
  /** The page goes to sleep, or away. */
  | { readonly type: 'suspend' }
  | { readonly type: 'resume' }
  | { readonly type: 'close'; readonly request: number };

/** For the page's own worker; null: the page could not compile it. */
export interface ModuleMessage {
  readonly type: 'module';
  readonly module: WebAssembly.Module | null;
}

/** What of a draft changes rarely, and is told only then. */
type Rare = 'members' | 'invites';

/** A draft's change as the module tells it; the client makes a DraftChange of it. */
export type FeedChange =
  | {
      readonly subscription: number;
      readonly draft: (Omit<DraftSnapshot, Rare | 'reclaimableAt'> & Partial<Pick<DraftSnapshot, Rare>>) | null;
      readonly reset: boolean;
      readonly appended?: readonly Segment[];
      readonly redacted?: readonly string[];
      readonly pending?: { readonly drop: number; readonly add: readonly Segment[] };
    }
  | { readonly subscription: number; readonly error: Failure };

/** What came to the kept ops, and what has left them; `reset`: none were there before. */
export interface KeptChange {
  readonly reset: boolean;
  readonly added: readonly KeptOp[];
  /** By their ids. */
  readonly left: readonly string[];
}

/** What came of a transaction, and of whatever else happened since the last one. Apply it in this order. */
export interface News {
  readonly type: 'news';
  readonly status?: Status;
  /** The store was erased: whoever hears this closes. */
  readonly cleared?: true;
  readonly kept?: KeptChange;
  readonly feeds?: readonly FeedChange[];
  readonly presence?: readonly { readonly subscription: number; readonly people: readonly Presence[] }[];
  readonly list?: readonly DraftSummary[];
  /** Ops, in the order in which they were made, and those of them that the authority decides. */
  readonly stored?: readonly string[];
  readonly waiting?: readonly string[];
  /** Ops that no receipt follows: refused here, or, without an error, done. */
  readonly ended?: readonly EndedOp[];
  readonly settled?: readonly SettledOp[];
}

export interface EndedOp {
  readonly op: string;
  readonly error: Failure | null;
}

/** A receipt. */
export type SettledOp = OpIds & ({ readonly error: Failure } | { readonly seq: number; readonly acceptedAt: number; readonly link: string });

export type FromWorker =
  | News
  /** `json`: what a value is of is read by the page, once. */
  | { readonly type: 'answer'; readonly request: number; readonly result: Result<unknown> | { readonly ok: true; readonly json: string } }
  | { readonly type: 'auth'; readonly request: number; readonly reason: AuthReason };
