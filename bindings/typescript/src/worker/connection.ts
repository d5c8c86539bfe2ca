/**
 * The way to the server: one WebSocket at a time, made again when it ends, with a fresh token each time.
 *
 *   off ──goOnline──> authorizing ──token──> opening ──open──> open
 *    ^                     ^  └── no token ─┐  └── fails ─┐      │ ends
 *    └── goOffline ──      └──── due ──── waiting <───────┴──────┘
 *                                                refused for good: denied (until goOnline)
 *
 * It knows nothing of what is said: bytes go through, and the owner tells how the conversation goes
 * (welcome(), refused()).
 */
import { failure, textOf } from '../shared/failure.js';
import type { AuthReason, Failure } from '../types.js';
import { Backoff } from './backoff.js';
import { expiryOf } from './token.js';

export const subprotocol = 'onering.1';

/** The part of WebSocket that is used. */
export interface Socket {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(message: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export interface Timers {
  now(): number;
  setTimeout(work: () => void, ms: number): number;
  clearTimeout(timer: number | undefined): void;
}

export interface ConnectionOwner {
  /** The connection is there; the first message may be sent. */
  opened(token: string): void;
  received(message: Uint8Array): void;
  /** It is no more. Not told of a connection that never opened. */
  closed(): void;
  /** A fresh token for the present conversation. */
  refreshed(token: string): void;
  /** Time for a sign of life; an answer to it is expected. */
  heartbeat(): void;
  /** {@link Connection.state} is another one. `why`: what went wrong, if anything did. */
  changed(why: Failure | null): void;
}

export interface ConnectionEnvironment extends Timers {
  readonly url: string;
  /** Rejects when no token can be had now. */
  readonly token: (reason: AuthReason) => Promise<string>;
  readonly connect: (url: string, subprotocol: string) => Socket;
  readonly random?: () => number;
}

export type ConnectionState =
  | { readonly kind: 'off' }
  | { readonly kind: 'waiting'; readonly until: number; readonly timer: number }
  | { readonly kind: 'authorizing' }
  | { readonly kind: 'opening'; readonly socket: Socket; readonly timer: number }
  | { readonly kind: 'open'; readonly socket: Socket; readonly welcome: boolean }
  | { readonly kind: 'denied' };

const handshakeMsMax = 15_000;
const heartbeatEveryMs = 20_000;
const silenceMsMax = 45_000;
const refreshAheadMs = 60_000;
const refreshAgainMs = 10_000;
/** Browsers' timers hold 31 bits; whatever lies further away is looked at again then. */
const timerMsMax = 2 ** 31 - 1;

/** Refusals that a new token may overcome. */
function concernsToken(error: Failure): boolean {
  return error.code === 'tokenExpired' || error.code === 'unauthenticated';
}

export class Connection {
  readonly #environment: ConnectionEnvironment;
  readonly #owner: ConnectionOwner;
  readonly #backoff: Backoff;
  #state: ConnectionState = { kind: 'off' };
  #reason: AuthReason = 'connect';
  #tokensRefused = 0;
  #atLeastMs = 0;
  #heardAt = 0;
  #heartbeatTimer: number | undefined;
  #refreshTimer: number | undefined;
  #handshakeTimer: number | undefined;

  constructor(environment: ConnectionEnvironment, owner: ConnectionOwner) {
    this.#environment = environment;
    this.#owner = owner;
    this.#backoff = new Backoff(environment.random ? { random: environment.random } : {});
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** When the next attempt is due; null when none is. */
  get retryAt(): number | null {
    return this.#state.kind === 'waiting' ? this.#state.until : null;
  }

  /** Connects at once, unless it is connected or about to be. Forgives what was refused before. */
  goOnline(): void {
    this.#tokensRefused = 0;
    if (this.#state.kind === 'denied') this.#reason = 'refused';
    if (this.#state.kind === 'off' || this.#state.kind === 'waiting' || this.#state.kind === 'denied') {
      this.#backoff.reset();
      this.#authorize();
    }
  }

  goOffline(): void {
    this.#end({ kind: 'off' }, null);
  }

  /** The network is said to be back: no need to wait any longer. */
  hurry(): void {
    if (this.#state.kind !== 'waiting') return;
    this.#backoff.reset();
    this.#authorize();
  }

  /** Only while open. */
  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#state.kind === 'open') this.#state.socket.send(message);
  }

  /** The server has accepted the conversation. */
  welcome(): void {
    if (this.#state.kind !== 'open' || this.#state.welcome) return;
    this.#environment.clearTimeout(this.#handshakeTimer);
    this.#state = { ...this.#state, welcome: true };
    this.#backoff.reset();
    this.#tokensRefused = 0;
    this.#reason = 'connect';
    this.#owner.changed(null);
  }

  /** The server refuses to go on. `retryAfterMs` 0: not by waiting. */
  refused(error: Failure, retryAfterMs: number): void {
    if (concernsToken(error)) {
      this.#refusedToken(error);
    } else if (error.code === 'rateLimited' || error.code === 'unavailable') {
      this.#atLeastMs = retryAfterMs; // the server closes where it means to
      this.#owner.changed(error);
    } else {
      this.#end({ kind: 'denied' }, error);
    }
  }

  /** This conversation is broken; another one may do. */
  restart(why: Failure): void {
    if (this.#state.kind === 'open' || this.#state.kind === 'opening') this.#retry(why);
  }

  // An expired token has one successor to try, a refused one too; the next refusal without a welcome in between is final.
  #refusedToken(error: Failure): void {
    if (++this.#tokensRefused > 1) {
      this.#end({ kind: 'denied' }, error);
      return;
    }
    this.#reason = error.code === 'tokenExpired' ? 'expired' : 'refused';
    this.#drop();
    this.#authorize(error);
  }

  #authorize(why: Failure | null = null): void {
    this.#drop();
    const attempt: ConnectionState = { kind: 'authorizing' };
    this.#become(attempt, why);
    this.#environment.token(this.#reason).then(
      (token) => {
        if (this.#state === attempt) this.#open(token);
      },
      (error: unknown) => {
        if (this.#state === attempt) this.#retry(failure('unavailable', `No token could be had: ${textOf(error)}`));
      },
    );
  }

  #open(token: string): void {
    let socket: Socket;
    try {
      socket = this.#environment.connect(this.#environment.url, subprotocol);
    } catch (error) {
      this.#end({ kind: 'denied' }, failure('protocolError', `The server's address cannot be used: ${textOf(error)}`));
      return;
    }
    const timer = this.#environment.setTimeout(() => this.#retry(failure('unavailable')), handshakeMsMax);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened(socket, token);
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = () => this.#retry(failure('unavailable'));
    socket.onerror = null; // a close follows
    this.#become({ kind: 'opening', socket, timer }, null);
  }

  #opened(socket: Socket, token: string): void {
    if (this.#state.kind === 'opening') this.#environment.clearTimeout(this.#state.timer);
    this.#state = { kind: 'open', socket, welcome: false };
    this.#handshakeTimer = this.#environment.setTimeout(() => this.#retry(failure('unavailable')), handshakeMsMax);
    this.#heardAt = this.#environment.now();
    this.#atLeastMs = 0;
    this.#beat();
    this.#scheduleRefresh(token);
    this.#owner.opened(token);
    this.#owner.changed(null);
  }

  #received(data: unknown): void {
    this.#heardAt = this.#environment.now();
    if (data instanceof ArrayBuffer) this.#owner.received(new Uint8Array(data));
    else this.#retry(failure('protocolError'));
  }

  #beat(): void {
    this.#heartbeatTimer = this.#environment.setTimeout(() => {
      if (this.#environment.now() - this.#heardAt > silenceMsMax) {
        this.#retry(failure('unavailable', 'The server has fallen silent. Your work is kept and will be sent.'));
        return;
      }
      this.#owner.heartbeat();
      this.#beat();
    }, heartbeatEveryMs);
  }

  #scheduleRefresh(token: string): void {
    const expiry = expiryOf(token);
    if (expiry === null) return;
    const inMs = expiry - refreshAheadMs - this.#environment.now();
    this.#refreshIn(Math.max(refreshAgainMs, inMs), expiry);
  }

  #refreshIn(ms: number, expiry: number): void {
    this.#refreshTimer = this.#environment.setTimeout(
      () => {
        if (ms > timerMsMax) this.#refreshIn(ms - timerMsMax, expiry);
        else void this.#refresh();
      },
      Math.min(ms, timerMsMax),
    );
  }

  async #refresh(): Promise<void> {
    const socket = this.#state.kind === 'open' ? this.#state.socket : null;
    const isSame = () => this.#state.kind === 'open' && this.#state.socket === socket;
    try {
      const token = await this.#environment.token('expired');
      if (!isSame()) return;
      this.#scheduleRefresh(token);
      this.#owner.refreshed(token);
    } catch {
      if (isSame()) this.#refreshIn(refreshAgainMs, 0); // the server says when it is too late
    }
  }

  #retry(why: Failure): void {
    this.#drop();
    const ms = this.#backoff.next(this.#atLeastMs);
    this.#atLeastMs = 0;
    const timer = this.#environment.setTimeout(() => this.#authorize(), ms);
    this.#become({ kind: 'waiting', until: this.#environment.now() + ms, timer }, why);
  }

  #end(state: ConnectionState, why: Failure | null): void {
    this.#drop();
    this.#become(state, why);
  }

  // Leaves whatever the state holds; the caller says what comes next.
  #drop(): void {
    const state = this.#state;
    this.#environment.clearTimeout(this.#heartbeatTimer);
    this.#environment.clearTimeout(this.#refreshTimer);
    this.#environment.clearTimeout(this.#handshakeTimer);
    if (state.kind === 'waiting' || state.kind === 'opening') this.#environment.clearTimeout(state.timer);
    if (state.kind === 'opening' || state.kind === 'open') {
      const { socket } = state;
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close(1000);
    }
    this.#state = { kind: 'off' };
    if (state.kind === 'open') this.#owner.closed();
  }

  #become(state: ConnectionState, why: Failure | null): void {
    this.#state = state;
    this.#owner.changed(why);
  }
}
