/** What is public of `@onering/sdk`: conventions and entry are in index.ts. */

/** What can go wrong: a closed list, the same in every language and over HTTP (`SPEC §12`). */
export const errorCodes = [
  'notFound',
  'notRingHolder',
  'staleEpoch',
  'notOwner',
  'notAllowed',
  'invalidRecipient',
  'alreadyHolder',
  'alreadyMember',
  'draftLocked',
  'draftCompleted',
  'draftDeleted',
  'titleInvalid',
  'contentEmpty',
  'contentTooLong',
  'invalidText',
  'idMalformed',
  'idTaken',
  'idempotencyKeyReused',
  'staleVersion',
  'inviteInvalid',
  'inviteExpired',
  'inviteUsed',
  'rateLimited',
  'quotaExceeded',
  'storageFull',
  'storageUnavailable',
  'unauthenticated',
  'tokenExpired',
  'upgradeRequired',
  'protocolError',
  'messageTooLarge',
  'divergence',
  'unavailable',
  'internal',
] as const;

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number];

/** Why something was refused. Programs look at `code`; `message` tells people what to do. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** An outcome as a value. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Failure };

/**
 * What a member may do (`SPEC §2`): viewers read; editors can hold the ring; the owner also decides who is a member and what
 * becomes of the draft.
 */
export type Role = 'viewer' | 'editor' | 'owner';
/** `active`: its holder may append. `locked`: nobody may until it is unlocked. `completed`: nobody ever will again (`SPEC O7`, `O8`). */
export type DraftStatus = 'active' | 'locked' | 'completed';

/** The operations, by the names that the log gives them. */
export type OpKind =
  | 'createDraft'
  | 'appendSegment'
  | 'passRing'
  | 'requestRing'
  | 'cancelRequest'
  | 'reclaimRing'
  | 'setTitle'
  | 'lock'
  | 'unlock'
  | 'complete'
  | 'addCollaborator'
  | 'setRole'
  | 'removeCollaborator'
  | 'deleteDraft'
  | 'restoreDraft'
  | 'redactSegment'
  | 'createInvite'
  | 'revokeInvite'
  | 'acceptInvite';

/** Ends what began: a subscription. Calling it again does nothing. */
export type Unsubscribe = () => void;

// --- making a client --------------------------------------------------------------------------------------

/**
 * Why a token is asked for:
 * `connect`: a connection is being made;
 * `expired`: the present token has expired, or is about to; the connection goes on with the new one;
 * `refused`: the last token was not accepted. A token that is refused as well ends in the link `denied`.
 */
export type AuthReason = 'connect' | 'expired' | 'refused';

/** What {@link ClientOptions.auth} is called with. */
export interface AuthRequest {
  readonly reason: AuthReason;
}

/** Where a client keeps its store, and how. */
export interface StorageOptions {
  /**
   * Which store of this origin. One store belongs to one user; give each user a name of their own. Any number of tabs
   * may have it open: they share it, and its connection, and tell the same {@link Status}.
   * 1–64 characters of `A–Z a–z 0–9 . _ -`. Default `onering`. Of no meaning in Node.
   */
  readonly name?: string;
  /**
   * In a page: `auto` (default): the origin-private file system, or memory where there is none (private windows of some
   * browsers). `opfs`: fail with `storageUnavailable` instead of falling back. `memory`: nothing is kept, nothing is shared.
   *
   * In Node: `file`: the SQLite file at {@link path}, which one client at a time may have open. `memory`. `auto` (default):
   * a file where a path is given, or else memory.
   */
  readonly kind?: 'auto' | 'opfs' | 'file' | 'memory';
  /**
   * Whether to ask the browser at the start to keep the storage when space runs out. Some ask the user: false, and
   * {@link Client.persist} at a moment that the user understands. Default true.
   */
  readonly persist?: boolean;
  /** Node: where the file is; a new store is made where there is none. SQLite puts `-wal` and `-journal` beside it. */
  readonly path?: string;
}

/** What makes a WebSocket: the browsers' own, that of Node 22, or that of the package `ws`. */
export type SocketConstructor = new (url: string, protocols?: string | string[]) => {
  binaryType: string;
  /** Sends one binary message. */
  send(message: Uint8Array<ArrayBuffer>): void;
  /** Ends the connection, with a WebSocket close code. */
  close(code?: number, reason?: string): void;
};

/** What a client is made of; `url` and `auth` are all that it needs. */
export interface ClientOptions {
  /** Where the server takes sync connections: `wss://…`, `https://…`, or, in a page, a path on its own origin. */
  readonly url: string | URL;
  /**
   * The token to connect with. Called for every connection and when a token has expired, never while offline.
   * Throwing, rejecting, or returning what is no text counts as "cannot say now" and is tried again with backoff. It may
   * take as long as a user takes to sign in, so nothing times out: a request that it makes needs a timeout of its own.
   */
  readonly auth: (request: AuthRequest) => string | Promise<string>;
  /**
   * Who uses this device; it must be the user whom the token names. Left out, the server names the user on the first
   * connection: until then ({@link Status.user} is null) a device that is new can do nothing, and what it is asked to do is
   * refused with `idMalformed`.
   */
  readonly user?: string;
  readonly storage?: StorageOptions;
  /** Start without connecting, until {@link Client.goOnline}. Default false. */
  readonly startOffline?: boolean;
  /** Where `onering.wasm` is. Default: beside the worker. */
  readonly wasmUrl?: string | URL;
  /** Where `worker.js` is. Default: beside this module. Pages only. */
  readonly workerUrl?: string | URL;
  /** What connects, in Node. Default: `globalThis.WebSocket`, which Node has from 22 on. */
  readonly webSocket?: SocketConstructor;
}

// --- what is done -----------------------------------------------------------------------------------------

/** An op is stored on this device. After that a killed tab or browser loses nothing of it (`opfs`). */
export interface Stored {
  readonly op: string;
  readonly draft: string;
  /**
   * `shown`: the draft shows it already, as pending.
   * `waiting`: only the server can judge it (a reclaim by an editor); it shows when it is accepted.
   */
  readonly effect: 'shown' | 'waiting';
}

/** The server has accepted an op, durably and for good. */
export interface Receipt {
  readonly op: string;
  readonly draft: string;
  /** Its place in the draft's log, from 1. */
  readonly seq: number;
  /** By the server's clock. */
  readonly acceptedAt: number;
  /** The draft's chain up to here: 64 hexadecimal digits. */
  readonly link: string;
}

/** What becomes of something the user did. */
export interface Outcome {
  /**
   * Resolves when the op is durable on this device, or was refused there: then nothing has changed. Beside the
   * rules' codes: `storageFull`, `storageUnavailable`, and `unavailable` after {@link Client.close}.
   */
  readonly local: Promise<Result<Stored>>;
  /**
   * Resolves with the server's final answer, however long the device is offline. An op that was refused
   * locally resolves with the same error. An op that the server rejects is kept ({@link Rejected}).
   * `unavailable`: the client was closed first; the op is kept and sent by the next client of this store, unless that was
   * cleared. `notFound`: the store was replaced by a copy that has not the op ({@link Client.importReplica}).
   */
  readonly server: Promise<Result<Receipt>>;
}

/**
 * Something the user did. The ids are there at once; the promises tell what becomes of it.
 *
 * Calls may be made without waiting for earlier ones: they are performed in order, and those that wait
 * together are stored together.
 */
export interface Operation extends Outcome {
  /** The op's id: its idempotency key, for ever. */
  readonly op: string;
  /** The id of the draft that it is done to. */
  readonly draft: string;
}

/** What {@link Draft.append} begins. */
export interface AppendOperation extends Operation {
  /** The new segment's id. */
  readonly segment: string;
}

/** What {@link Draft.requestRing} begins. */
export interface RingOperation extends Operation {
  /**
   * Resolves when this user holds the ring, however long that takes; the waiting begins when this is first read.
   * `notFound` when they cannot hold it any more, `draftCompleted`, `unavailable`, or why the request was refused on this device. Rejects
   * with the signal's reason when the signal is aborted.
   */
  readonly turn: Promise<Result<DraftSnapshot>>;
}

/** Whom an invite lets in, as what, and for how long (`SPEC §11`). */
export interface InviteOptions {
  /** What who accepts it becomes. Default: `editor`. */
  readonly role?: 'editor' | 'viewer';
  /** The only user who may accept it. Default: whoever has the code. */
  readonly for?: string;
  /** How long it is good for, from when the server accepts it: 1–168 hours. Default: 72. */
  readonly hours?: number;
}

/** What {@link Draft.invite} begins. */
export interface InviteOperation extends Operation {
  /** The invite's id, for {@link Draft.revokeInvite}. */
  readonly invite: string;
  /**
   * What to give to whom it is for, 64 characters that need no escaping: `https://…/#invite=CODE`. It is a secret, good once,
   * and shown only here; it works as soon as the server has accepted the invite.
   */
  readonly code: string;
}

/** What {@link Client.create} takes. */
export interface NewDraft {
  /** 1–200 characters. */
  readonly title: string;
  /** What the draft is written for, at most 64 characters; shown, not interpreted. */
  readonly platform?: string;
  /** How long one may hold the ring before editors may reclaim it. Default: for ever. */
  readonly holdLimitMs?: number;
}

// --- what is seen -----------------------------------------------------------------------------------------

/** Someone who waits for the ring. */
export interface RingRequest {
  readonly user: string;
  /** Since when. */
  readonly at: number;
}

/** Who may write, and who would like to (`SPEC §2`). */
export interface Ring {
  readonly holder: string;
  /** Counts the draft's holders from 1. */
  readonly epoch: number;
  /** Since when the holder has it. */
  readonly since: number;
  /** Who waits for it, first come first served. */
  readonly requests: readonly RingRequest[];
}

/** Someone who may read the draft, with their {@link Role}. */
export interface Member {
  readonly user: string;
  readonly role: Role;
  readonly joinedAt: number;
}

/** Someone who is at a draft now (`SPEC S11`). */
export interface Presence {
  readonly user: string;
  /** How the user is shown. */
  readonly display: string;
  readonly typing: boolean;
}

/** What {@link Draft.present} begins. */
export interface Presenting {
  /** The user types: call it as they do. It holds for five seconds. */
  typing(): void;
  /** The user is not at the draft any more. */
  close(): void;
}

/** A way into a draft (`SPEC §11`). Those that were revoked are not told. */
export interface Invite {
  readonly id: string;
  readonly role: 'editor' | 'viewer';
  readonly createdBy: string;
  /** The only user who may accept it; null: whoever has its code. */
  readonly for: string | null;
  readonly createdAt: number;
  /** By the server's clock. */
  readonly expiresAt: number;
  /** Null: by nobody yet. It is good once. */
  readonly acceptedBy: string | null;
  readonly acceptedAt: number | null;
}

/** A line of the ring's history (`SPEC §4`). */
export interface RingPass {
  /** Null for the line that creates the draft. */
  readonly from: string | null;
  readonly to: string;
  /** Of the new holder; lines hold the epochs 1, 2, 3, … */
  readonly epoch: number;
  readonly at: number;
  readonly kind: 'created' | 'passed' | 'reclaimed' | 'removed';
}

/** What a list shows of a draft. */
export interface DraftSummary {
  readonly id: string;
  readonly title: string;
  readonly platform: string | null;
  readonly status: DraftStatus;
  readonly owner: string;
  readonly holder: string;
  readonly epoch: number;
  readonly since: number;
  /** Segments as this device shows them, pending ones included. */
  readonly segmentCount: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Confirmed ops. */
  readonly seq: number;
  /** Ops of this device that wait for their receipt. */
  readonly pending: number;
}

/** A draft without its segments, as this device shows it: what is confirmed and, on top, what is pending. */
export interface DraftSnapshot {
  readonly id: string;
  readonly title: string;
  readonly platform: string | null;
  readonly status: DraftStatus;
  readonly owner: string;
  /** This user's role; null when they are not a member any more. */
  readonly role: Role | null;
  readonly ring: Ring;
  /** Whether this user holds the ring. */
  readonly holding: boolean;
  readonly holdLimitMs: number | null;
  /**
   * From when on this user may reclaim the ring, by the server's clock; null: never (it is theirs, or they may not hold it,
   * or, for an editor, the draft has no hold limit).
   */
  readonly reclaimableAt: number | null;
  /** By user id; the owner is one of them. */
  readonly members: readonly Member[];
  /** By their age: open, accepted and expired ones, the last 100. */
  readonly invites: readonly Invite[];
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt: number | null;
  /** Confirmed segments: positions 0 … segmentCount − 1. */
  readonly segmentCount: number;
  /** Pending segments; they follow at positions from segmentCount on. */
  readonly pendingSegmentCount: number;
  /** Where the confirmed log ends, and its chain: 64 hexadecimal digits. */
  readonly seq: number;
  readonly link: string;
  /** For {@link Draft.setTitle}'s `expect`, and for HTTP's `If-Match`. */
  readonly etag: string;
  readonly sync: {
    /** Ops of this device that wait for their receipt. */
    readonly pending: number;
    /** Those of them without a local effect, oldest first. */
    readonly waiting: readonly OpKind[];
    /** Whether the draft is, as far as the server has told, all here. False also while offline. */
    readonly current: boolean;
  };
}

/** What its author appended at once. It never moves, and never changes but by being redacted (`SPEC I5`). */
export interface Segment {
  readonly id: string;
  /** Its place in the draft, from 0. */
  readonly position: number;
  readonly author: string;
  /** How the author was shown when it was appended. */
  readonly authorDisplay: string;
  /** Under which its author held the ring. */
  readonly epoch: number;
  /** Of the op that appended it; 0 while pending. */
  readonly seq: number;
  /** By the author's clock. */
  readonly authoredAt: number;
  /** By the server's clock; null while pending. */
  readonly acceptedAt: number | null;
  /** Empty once redacted. */
  readonly text: string;
  readonly redacted: boolean;
  readonly pending: boolean;
}

/**
 * What a subscriber of a draft is told. Apply it in this order:
 *
 * 1. `reset`: forget all confirmed segments (first call, or the copy was replaced).
 * 2. `appended`: confirmed segments that are new, without a gap; the last has position
 *    `draft.segmentCount − 1`. At most {@link SubscribeOptions.tail}: where its first position is further than
 *    what the subscriber has, read what is between with {@link Draft.segments} when it is needed.
 * 3. `redacted`: segments that lost their text, confirmed or pending.
 * 4. `pending`: the newest pending segments, in order, at most 1,000; the same array as before when nothing changed. There
 *    are `draft.pendingSegmentCount`, up to the draft's end; those before are read with {@link Draft.segments}, too.
 */
export interface DraftChange {
  /** Null: this device has no such draft, or the user is not a member any more. */
  readonly draft: DraftSnapshot | null;
  readonly reset: boolean;
  readonly appended: readonly Segment[];
  readonly redacted: readonly string[];
  readonly pending: readonly Segment[];
}

/** What {@link Draft.subscribe} brings. */
export interface SubscribeOptions {
  /** How many confirmed segments one change brings at most: the newest. 0–1,000, default 200. */
  readonly tail?: number;
}

/** Something to wait for that can be given up. */
export interface Waiting {
  /** Ends the waiting; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Which segments {@link Draft.segments} reads. */
export interface SegmentRange extends Waiting {
  /** First position. Default 0. */
  readonly from?: number;
  /** Behind the last position. Default: all, pending segments included. */
  readonly to?: number;
}

/** Segments in the order of their positions. */
export interface SegmentPage {
  readonly segments: readonly Segment[];
  /** Where to go on; null when the range is complete. A page holds at most 1,000 segments or 512 KiB of text. */
  readonly next: number | null;
}

/** Which lines {@link Draft.history} reads. */
export interface HistoryRange extends Waiting {
  /** First line, from 0. */
  readonly from?: number;
  /** 1–1,000, default 200. */
  readonly limit?: number;
}

/** Lines of the ring's history. */
export interface HistoryPage {
  /** Confirmed lines, oldest first. */
  readonly passes: readonly RingPass[];
  /** Where to go on; null when there are no more. */
  readonly next: number | null;
}

/** Which entries {@link Draft.log} reads. */
export interface LogRange extends Waiting {
  /** First seq. Default 1; where the log begins later on this device, there. */
  readonly from?: number;
  /** Behind the last seq. Default: all. */
  readonly to?: number;
}

/** An accepted op in its place. */
export interface LogEntry {
  readonly seq: number;
  readonly op: string;
  readonly kind: OpKind;
  readonly actor: string;
  readonly actorDisplay: string;
  readonly device: string;
  /** By the author's clock. */
  readonly authoredAt: number;
  /** By the server's clock; never decreases along a log. */
  readonly acceptedAt: number;
  /** The chain up to here (`SPEC H2`): 64 hexadecimal digits. */
  readonly link: string;
  /** What the op carries, as far as its kind has it. */
  readonly segment?: string;
  /** Empty once redacted. */
  readonly text?: string;
  readonly redacted?: boolean;
  readonly title?: string;
  readonly user?: string;
  readonly role?: Role;
  readonly invite?: string;
}

/**
 * How much of the log this device has. A device that was more than 256 ops behind was sent the draft in place of its log
 * (`SPEC S6`): then the log begins here with what came later.
 */
export interface LogExtent {
  /** The first seq that is here: 1 when all of the log is, `head + 1` when none of it is. */
  readonly first: number;
  /** The last one. */
  readonly head: number;
}

/** Entries in the order of the log. */
export interface LogPage extends LogExtent {
  readonly entries: readonly LogEntry[];
  /** Where to go on; null when the range is complete. A page holds at most 1,000 entries or 512 KiB. */
  readonly next: number | null;
}

/** A draft as it was after one of its ops. */
export interface PastDraft extends LogExtent {
  readonly seq: number;
  /** When that op was accepted; null for seq 0 and for one that is not here. */
  readonly at: number | null;
  /**
   * How many segments there were: read them with {@link Draft.segments}, from 0 to here. Segments never move; those
   * that were redacted since stay so.
   */
  readonly segmentCount: number;
  /** All else; null for seq 0, and where this device has not the log from 1 on. */
  readonly state: PastState | null;
}

/** What a draft was, but for its segments. */
export interface PastState {
  readonly title: string;
  readonly platform: string | null;
  readonly status: DraftStatus;
  readonly owner: string;
  readonly ring: Ring;
  readonly members: readonly Member[];
  readonly deletedAt: number | null;
}

/** What {@link Draft.verify} found to be sound: entries `first` to `head`. */
export interface VerifiedLog extends LogExtent {
  /** The link of `head`. What came before `first` is vouched for by it, not checked op by op. */
  readonly link: string;
}

/** Which drafts {@link Client.list} reads. */
export interface ListRange extends Waiting {
  /** Goes on behind this draft: `next` of the page before. */
  readonly after?: ListCursor;
  /** 1–500, default 50. */
  readonly limit?: number;
}

/** A place in the list of drafts: behind the draft with this key (`SPEC §6`). */
export interface ListCursor {
  readonly updatedAt: number;
  readonly id: string;
}

/** Drafts in the list's order. */
export interface DraftPage {
  /** By (updatedAt descending, id). Drafts that are not confirmed yet come first, on the first page. */
  readonly drafts: readonly DraftSummary[];
  /** For {@link ListRange.after}; null when there are no more. */
  readonly next: ListCursor | null;
}

/** What a subscriber of the list is told: its window, and what in it is new. */
export interface ListChange {
  /** The first drafts in the list's order, at most {@link ListOptions.limit}. */
  readonly drafts: readonly DraftSummary[];
  /** Ids of drafts that are new here or differ from before. */
  readonly changed: readonly string[];
  /** Ids of drafts that were here and no longer are. */
  readonly removed: readonly string[];
}

/** How much of the list {@link Client.subscribeList} tells. */
export interface ListOptions {
  /** 1–500, default 50. */
  readonly limit?: number;
}

/** A ring that has moved. Several moves that this device hears of at once are told as one. */
export interface TurnChange {
  readonly draft: string;
  readonly title: string;
  /** Who held it when this device looked last; null: it did not know the draft. */
  readonly from: string | null;
  readonly to: string;
  readonly epoch: number;
  /** Since when `to` holds it. */
  readonly at: number;
  /** `yours`: it is this user's turn. `passed`: it was. `others`: neither. */
  readonly turn: 'yours' | 'passed' | 'others';
}

// --- status -----------------------------------------------------------------------------------------------

/**
 * How it stands between this device and the server (`SPEC S9`, `S10`).
 *
 * `offline`: no connection (see {@link Status.retryAt}).
 * `connecting`: connected or about to be, and not all changes are here yet.
 * `live`: here is what the server has.
 * `stalled`: connected, work is pending, and nothing has moved for 15 s; still trying.
 * `denied`: the server refused; {@link Status.lastError} says why. Nothing is tried until {@link Client.goOnline}.
 */
export type Link = 'offline' | 'connecting' | 'live' | 'stalled' | 'denied';

/** Where this device keeps its store, and how safe it is there. */
export interface StorageStatus {
  /** Null while it is being opened, and when it could not be. */
  readonly kind: 'opfs' | 'file' | 'memory' | null;
  /** Why memory was chosen under `auto` in a page; null otherwise. */
  readonly fallback: string | null;
  /** Whether the browser has promised not to evict it. A file: true. */
  readonly persisted: boolean;
  /** Bytes that the origin uses and may use (a file: takes, and could take); null where the browser does not say. */
  readonly usage: number | null;
  /** See {@link StorageStatus.usage}. */
  readonly quota: number | null;
}

/** All that an app can say about a client (`SPEC S10`). */
export interface Status {
  /** `failed`: the store could not be opened; {@link Status.lastError} says why, {@link Client.reopen} tries again. */
  readonly state: 'opening' | 'open' | 'failed' | 'closed';
  readonly link: Link;
  /** Whether a connection is wanted: false from {@link Client.goOffline} to {@link Client.goOnline}, in whichever tab. */
  readonly online: boolean;
  /** When the next attempt to connect is due; null when none is. */
  readonly retryAt: number | null;
  /** Ops that wait for their receipt. */
  readonly pending: number;
  /** Ops that were rejected and are kept. */
  readonly rejected: number;
  readonly storage: StorageStatus;
  /** Null until it is known. */
  readonly user: { readonly id: string; readonly display: string } | null;
  readonly device: string | null;
  readonly limits: Limits;
  /**
   * The last thing that went wrong with storage, link or server; null once the link is live again. A `divergence` stays
   * until something else goes wrong or the store is opened again.
   */
  readonly lastError: (Failure & { readonly at: number }) | null;
}

/** What is too much, as the server judges (`SPEC §13`). */
export interface Limits {
  /** Unicode characters. */
  readonly titleCharacters: number;
  /** UTF-8. */
  readonly segmentBytes: number;
  readonly collaborators: number;
  readonly segmentsPerDraft: number;
}

/** A value that changes. */
export interface Observable<T> {
  /** The present value. */
  readonly current: T;
  /** Calls `listener` with the present value, before it returns, and with every later one. */
  subscribe(listener: (value: T) => void): Unsubscribe;
}

/** For what is refused while work is pending or kept. */
export interface Forced {
  /** Do it all the same: that work is lost. Default false. */
  readonly force?: boolean;
}

// --- kept work --------------------------------------------------------------------------------------------

/** An op with its content, as it can be shown or exported. */
export interface OpDetails {
  readonly op: string;
  readonly draft: string;
  /** As far as this device still knows it. */
  readonly draftTitle: string | null;
  readonly kind: OpKind;
  readonly authoredAt: number;
  /** What the op carries, as far as its kind has it. */
  readonly segment?: string;
  readonly text?: string;
  readonly title?: string;
  readonly user?: string;
  readonly role?: Role;
  readonly invite?: string;
}

/** An op that was rejected: kept with its content until the user deals with it (`SPEC S5`). */
export interface KeptOp extends OpDetails {
  readonly why: Failure;
  /** When this device heard of it. */
  readonly at: number;
}

/** What the server has not, or does not want, as plain data: a value for `JSON.stringify`. */
export interface ExportedWork {
  readonly format: 'onering-work';
  readonly version: 1;
  readonly exportedAt: number;
  readonly user: string | null;
  readonly pending: readonly OpDetails[];
  readonly kept: readonly KeptOp[];
}

/** Rejected work. Nothing leaves it but by the user's decision. `current` is empty until the store is open. */
export interface Rejected extends Observable<readonly KeptOp[]> {
  /**
   * Makes the op again, under a new id (told by `local`) and the ring's present epoch. It leaves the list when it
   * is stored. `notFound` when it is not kept; else as the op itself, and then it stays in the list.
   */
  resubmit(op: string): Outcome;
  /**
   * Puts the kept segments of a draft into a new draft of this user (its id is told by `local`), in order. They
   * leave the list when that is stored. `notFound` when the draft has none.
   */
  copyToNewDraft(draft: string, options: { readonly title: string }): Outcome;
  /** Drops a kept op and its content for good. `notFound` when it is not kept. */
  dismiss(op: string): Promise<Result<void>>;
  /** All kept work as plain data, for a file or another device. */
  export(): Promise<Result<ExportedWork>>;
}

// --- handles ----------------------------------------------------------------------------------------------

/**
 * One draft. A handle is cheap, holds nothing and needs no closing; it may be made before the draft exists.
 * What may be done when, and what refuses it, is told at each operation; all of them can also be refused with
 * `notFound` (no such draft for this user), `draftDeleted`, `idMalformed` (a user, segment or invite that can be none),
 * `messageTooLarge`, `storageFull`, `storageUnavailable`, `unavailable` (the client is closed) and `internal`. Reads: `notFound`,
 * `storageUnavailable`, `unavailable` and `internal`.
 */
export interface Draft {
  readonly id: string;

  /**
   * Tells what the draft is now, and every change from then on, in the order in which they happened. Changes
   * that happen together come in one call. The first call comes asynchronously and has `reset` set.
   */
  subscribe(listener: (change: DraftChange) => void, options?: SubscribeOptions): Unsubscribe;

  /**
   * Says that this user is at the draft, until it is closed, and tells who else is: those who say so themselves, at the same
   * server, this user among them; the first 100. Nobody, while the link is down. Nothing of it is kept.
   */
  present(listener: (people: readonly Presence[]) => void): Presenting;

  /** The draft as it is now. `notFound` when this device has no such draft. */
  get(options?: Waiting): Promise<Result<DraftSnapshot>>;

  /** Segments by position, in pages. */
  segments(range?: SegmentRange): Promise<Result<SegmentPage>>;

  /** The ring's history, in pages: who held it from when, and how it moved. */
  history(range?: HistoryRange): Promise<Result<HistoryPage>>;

  /** The log, in pages: who did what when. Confirmed ops only. */
  log(range?: LogRange): Promise<Result<LogPage>>;

  /**
   * The draft as it was after op `seq`, from 0 (nothing yet) to the log's head; it is computed from the log, again if
   * need be. `notFound` beyond the head.
   */
  at(seq: number, options?: Waiting): Promise<Result<PastDraft>>;

  /**
   * Computes the chain anew from what is stored on this device, texts included, and compares (`SPEC H2`). `divergence` when an entry is
   * not the one that its link says; the message tells which.
   */
  verify(options?: Waiting): Promise<Result<VerifiedLog>>;

  /**
   * Resolves when this user holds the ring (at once, if they do). `notFound` when they cannot any more, or this device has no such
   * draft (yet); `draftCompleted`; `unavailable` when the client is closed.
   */
  whenHolding(options?: Waiting): Promise<Result<DraftSnapshot>>;

  /**
   * The holder appends a segment: 1–16,384 bytes of UTF-8 without NUL (`SPEC O2`). `contentEmpty`, `contentTooLong`,
   * `invalidText`, `notAllowed` (for viewers), `staleEpoch` (the ring has moved since), `notRingHolder`, `draftLocked`,
   * `draftCompleted`, `quotaExceeded` (the draft is full), `idTaken`.
   */
  append(text: string): AppendOperation;

  /**
   * The holder gives the ring to the owner or an editor (`SPEC O3`). `notAllowed` (for viewers), `staleEpoch`, `notRingHolder`,
   * `draftCompleted`, `alreadyHolder` (to oneself), `invalidRecipient`.
   */
  passRing(to: string): Operation;

  /**
   * Joins the queue (`SPEC O4`); `turn` resolves when this user's turn has come. Aborting the signal leaves the queue.
   * `notAllowed` (for viewers, and for who is in it already), `draftCompleted`, `alreadyHolder`.
   */
  requestRing(options?: Waiting): RingOperation;

  /** Leaves the queue (`SPEC O4`). `notAllowed` for who is not in it. */
  cancelRequest(): Operation;

  /**
   * Takes the ring back: the owner at any time, an editor once the holder has held it longer than the draft's
   * hold limit, which the server judges (`SPEC O5`). `notAllowed`, `staleEpoch`, `draftCompleted`, `alreadyHolder`.
   */
  reclaimRing(): Operation;

  /**
   * Owner: 1–200 characters (`SPEC O6`). `expect`: the etag that the draft must still have, or else `staleVersion`.
   * `titleInvalid`, `notOwner`.
   */
  setTitle(title: string, options?: { readonly expect?: string }): Operation;

  /**
   * Owner or holder: no appends from now on; the ring may still pass (`SPEC O7`).
   * `notAllowed` (for viewers), `notRingHolder`, `draftCompleted`, `draftLocked` (it is already).
   */
  lock(): Operation;
  /** Owner: appends go on (`SPEC O7`). `notOwner`, `draftCompleted`, `notAllowed` (it is not locked). */
  unlock(): Operation;
  /** Owner: published; no append and no pass, for good (`SPEC O8`). `notOwner`, `draftCompleted` (it is already). */
  complete(): Operation;

  /**
   * Owner: makes someone a member (`SPEC O9`), by default an editor. `notOwner`, `alreadyMember`, `quotaExceeded` (there are as many as
   * {@link Limits.collaborators}), `notAllowed` (for a role that nobody can be given).
   */
  addCollaborator(user: string, role?: 'editor' | 'viewer'): Operation;
  /**
   * Owner: what a member may do from now on (`SPEC O9`). A holder who becomes a viewer loses the ring to the owner. `notOwner`,
   * `invalidRecipient` (no member), `notAllowed` (the owner's; a role that nobody can be given).
   */
  setRole(user: string, role: 'editor' | 'viewer'): Operation;
  /**
   * The owner; members for themselves (`SPEC O10`). Who held the ring loses it to the owner. `notOwner`, `notAllowed` (the owner cannot
   * leave), `invalidRecipient` (no member).
   */
  removeCollaborator(user: string): Operation;

  /**
   * Owner or holder: makes an invite, with which whoever is given its code becomes a member (`SPEC §11`). `notRingHolder`,
   * `notAllowed` (for viewers, and for hours beyond 1–168), `alreadyMember`, `quotaExceeded` (100 are open), `idTaken`.
   */
  invite(options?: InviteOptions): InviteOperation;
  /** The owner, and who made it: its code is good for nothing from now on (`SPEC §11`). `inviteInvalid`, `inviteUsed`, `notAllowed`. */
  revokeInvite(invite: string): Operation;

  /** Owner: gone from lists, kept for 90 days, then purged (`SPEC O11`). `notOwner`. */
  delete(): Operation;
  /** Owner: a deleted draft is there again (`SPEC O11`). `notOwner`, `notAllowed` (it is not deleted). */
  restore(): Operation;

  /**
   * The owner, or the segment's author: erases the text everywhere, for good (`SPEC O12`).
   * The segment keeps its place. `notAllowed` (for others, and what is redacted already), `notFound` (no such segment, too).
   */
  redact(segment: string): Operation;
}

/**
 * One user's drafts on this device. Made by {@link createClient}; {@link Client.close} ends it, and so does `await using`.
 * What answers with a {@link Result} can be refused with `storageUnavailable`, `unavailable` (it is closed) and `internal`
 * beside what is said there.
 */
export interface Client extends AsyncDisposable {
  /** Resolves when the store is open, or could not be: `storageUnavailable` with what to do about it. */
  readonly ready: Promise<Result<void>>;

  /** Link, pending, rejected, storage, last error. */
  readonly status: Observable<Status>;

  /** Rejected work, kept until the user deals with it. */
  readonly rejected: Rejected;

  /**
   * Makes a draft; this user owns it and holds its ring (`SPEC O1`). `titleInvalid`, `invalidText`, `notAllowed` (a hold limit
   * below 0), `idTaken`.
   */
  create(draft: NewDraft): Operation;

  /**
   * Makes this user a member of the draft that the code is of ({@link Draft.invite}). The server judges: the effect is
   * `waiting`, and `server` tells `inviteInvalid` (also for what was revoked, or is another user's), `inviteUsed`,
   * `inviteExpired`, `alreadyMember` or `quotaExceeded` (`SPEC §11`). Accepted, the draft comes to this device by itself.
   */
  acceptInvite(code: string): Operation;

  /** A handle to a draft. Throws a TypeError when `id` is no UUID. */
  draft(id: string): Draft;

  /** This user's drafts, newest first, in pages. */
  list(range?: ListRange): Promise<Result<DraftPage>>;

  /** Tells the head of the list, and every change to it. The first call comes asynchronously. */
  subscribeList(listener: (change: ListChange) => void, options?: ListOptions): Unsubscribe;

  /**
   * Tells of rings that move from now on, in the 50 drafts of this user that changed last: to say whose turn it is
   * wherever the user is in the app. What moved while this device was away is told when it hears of it.
   */
  subscribeTurns(listener: (change: TurnChange) => void): Unsubscribe;

  /**
   * Resolves when no op waits for its receipt, those included that were called just before; or when the client is closed. Of what
   * others did it says nothing: that is all here while the link is `live`.
   */
  whenSynced(options?: Waiting): Promise<void>;

  /** Pending and kept work as plain data; works whatever the link's state is. */
  exportWork(): Promise<Result<ExportedWork>>;

  /**
   * Asks the browser not to evict this origin's storage when space runs out; resolves with whether it will not, as
   * {@link StorageStatus.persisted} tells from then on. In Node: whether the store is a file.
   */
  persist(): Promise<boolean>;

  /**
   * A copy of this device's store, pending and kept work included: a SQLite database. It holds all that the user has
   * written, unencrypted. `storageUnavailable` for a store in memory.
   */
  exportReplica(): Promise<Result<Uint8Array<ArrayBuffer>>>;

  /**
   * Puts a copy that {@link exportReplica} made in the place of this device's store, in all tabs. What is pending in it is
   * sent: an op that the server has from elsewhere has no second effect. `notAllowed` while work is pending or kept
   * here, unless forced; `storageUnavailable` when it is no such copy, or another user's: then nothing has changed.
   */
  importReplica(copy: Uint8Array, options?: Forced): Promise<Result<void>>;

  /**
   * For signing out: erases this device's store and closes the client, in all tabs that share it; their status ends in
   * `closed` with `unauthenticated`. `notAllowed` while work is pending or kept, unless forced.
   */
  clear(options?: Forced): Promise<Result<void>>;

  /** Ends the connection and makes none until {@link Client.goOnline}. Work goes on locally. */
  goOffline(): void;
  /** Connects at once; also after `denied`. */
  goOnline(): void;

  /** Tries to open the store again after `failed`. `storageUnavailable` when it still cannot be. */
  reopen(): Promise<Result<void>>;

  /** Stores what waits, ends the connection, releases the store. Later calls are answered with `unavailable`. */
  close(): Promise<void>;
}
