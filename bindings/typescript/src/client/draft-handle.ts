import { uuidV7 } from '../shared/ids.js';
import { done, failed, failure } from '../shared/failure.js';
import type { BareOp, VerifiedPart } from '../shared/protocol.js';
import type {
  AppendOperation,
  Draft,
  DraftChange,
  DraftSnapshot,
  HistoryPage,
  HistoryRange,
  InviteOperation,
  InviteOptions,
  LogPage,
  LogRange,
  Operation,
  PastDraft,
  Presence,
  Presenting,
  Result,
  RingOperation,
  SegmentPage,
  SegmentRange,
  SubscribeOptions,
  Unsubscribe,
  VerifiedLog,
  Waiting,
} from '../types.js';
import { Attending } from './attending.js';
import { countArgument, textArgument } from './arguments.js';
import { encodeInvite, newToken } from './invites.js';
import type { Link } from './link.js';
import { RingRequest } from './ring-request.js';
import { reclaimable } from './draft-view.js';

const tailDefault = 200;
const tailMax = 1_000;
const positionMax = 2 ** 32 - 1;
const historyDefault = 200;
const historyMax = 1_000;
const inviteHours = 72;
const hourMs = 3_600_000;

export class DraftHandle implements Draft {
  readonly id: string;
  readonly #link: Link;

  constructor(link: Link, id: string) {
    this.#link = link;
    this.id = id;
  }

  subscribe(listener: (change: DraftChange) => void, options: SubscribeOptions = {}): Unsubscribe {
    return this.#link.subscribeDraft(this.id, countArgument('tail', options.tail, 0, tailMax, tailDefault), listener);
  }

  present(listener: (people: readonly Presence[]) => void): Presenting {
    return new Attending(this.#link.attend(this.id, listener));
  }

  get({ signal }: Waiting = {}): Promise<Result<DraftSnapshot>> {
    const read = this.#link.read<Omit<DraftSnapshot, 'reclaimableAt'>>({ name: 'draft', draft: this.id }, signal);
    return read.then((result) => (result.ok ? done(reclaimable(result.value)) : result));
  }

  segments({ from, to, signal }: SegmentRange = {}): Promise<Result<SegmentPage>> {
    return this.#link.read<SegmentPage>(
      {
        name: 'segments',
        draft: this.id,
        from: countArgument('from', from, 0, positionMax, 0),
        to: countArgument('to', to, 0, positionMax, positionMax),
      },
      signal,
    );
  }

  history({ from, limit, signal }: HistoryRange = {}): Promise<Result<HistoryPage>> {
    return this.#link.read<HistoryPage>(
      {
        name: 'history',
        draft: this.id,
        from: countArgument('from', from, 0, positionMax, 0),
        limit: countArgument('limit', limit, 1, historyMax, historyDefault),
      },
      signal,
    );
  }

  log({ from, to, signal }: LogRange = {}): Promise<Result<LogPage>> {
    return this.#link.read<LogPage>(
      {
        name: 'log',
        draft: this.id,
        from: countArgument('from', from, 1, Number.MAX_SAFE_INTEGER, 1),
        to: countArgument('to', to, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      },
      signal,
    );
  }

  async at(seq: number, { signal }: Waiting = {}): Promise<Result<PastDraft>> {
    if (!Number.isSafeInteger(seq) || seq < 0) throw new TypeError('seq must be a whole number from 0');
    return this.#link.read<PastDraft>({ name: 'draftAt', draft: this.id, seq }, signal);
  }

  // In parts, so that the worker gets to other work in between.
  async verify({ signal }: Waiting = {}): Promise<Result<VerifiedLog>> {
    for (let from = 1; ; ) {
      const part = await this.#link.read<VerifiedPart>({ name: 'verify', draft: this.id, from }, signal);
      if (!part.ok) return part;
      const { broken, next, ...log } = part.value;
      if (broken !== null) {
        return failed('divergence', `Entry ${broken} of the log on this device is not the one that was accepted. Please report it.`);
      }
      if (next === null) return done(log);
      from = next;
    }
  }

  whenHolding({ signal }: Waiting = {}): Promise<Result<DraftSnapshot>> {
    return this.#link.until<Result<DraftSnapshot>>(
      (settle) => {
        const unsubscribe = this.subscribe(({ draft }) => settleHolding(draft, settle), { tail: 0 });
        const stop = this.#link.watch(() => this.#link.ended && settle({ ok: false, error: this.#link.ended }));
        return () => (stop(), unsubscribe());
      },
      signal,
    );
  }

  append(text: string): AppendOperation {
    textArgument('text', text);
    const segment = uuidV7();
    const { op, draft, local, server } = this.#link.perform({ op: uuidV7(), draft: this.id, name: 'append', segment, text });
    return { op, draft, segment, local, server };
  }

  passRing(to: string): Operation {
    textArgument('to', to);
    return this.#link.perform({ ...this.#ids(), name: 'passRing', to });
  }

  requestRing(options: Waiting = {}): RingOperation {
    return new RingRequest(this, this.#act('requestRing'), options);
  }

  cancelRequest(): Operation {
    return this.#act('cancelRequest');
  }

  reclaimRing(): Operation {
    return this.#act('reclaimRing');
  }

  setTitle(title: string, { expect = '' }: { readonly expect?: string } = {}): Operation {
    textArgument('title', title);
    textArgument('expect', expect);
    return this.#link.perform({ ...this.#ids(), name: 'setTitle', title, expect });
  }

  lock(): Operation {
    return this.#act('lock');
  }

  unlock(): Operation {
    return this.#act('unlock');
  }

  complete(): Operation {
    return this.#act('complete');
  }

  addCollaborator(user: string, role: 'editor' | 'viewer' = 'editor'): Operation {
    textArgument('user', user);
    textArgument('role', role);
    return this.#link.perform({ ...this.#ids(), name: 'addCollaborator', user, role });
  }

  setRole(user: string, role: 'editor' | 'viewer'): Operation {
    textArgument('user', user);
    textArgument('role', role);
    return this.#link.perform({ ...this.#ids(), name: 'setRole', user, role });
  }

  removeCollaborator(user: string): Operation {
    textArgument('user', user);
    return this.#link.perform({ ...this.#ids(), name: 'removeCollaborator', user });
  }

  invite({ role = 'editor', for: user = '', hours = inviteHours }: InviteOptions = {}): InviteOperation {
    textArgument('for', user);
    textArgument('role', role);
    const lifetimeMs = countArgument('hours', hours, 0, Number.MAX_SAFE_INTEGER / hourMs, inviteHours) * hourMs;
    const invite = uuidV7();
    const token = newToken();
    const operation = this.#link.perform({ ...this.#ids(), name: 'createInvite', invite, token, user, role, lifetimeMs });
    return { ...operation, invite, code: encodeInvite({ draft: this.id, invite, token }) };
  }

  revokeInvite(invite: string): Operation {
    textArgument('invite', invite);
    return this.#link.perform({ ...this.#ids(), name: 'revokeInvite', invite });
  }

  delete(): Operation {
    return this.#act('delete');
  }

  restore(): Operation {
    return this.#act('restore');
  }

  redact(segment: string): Operation {
    textArgument('segment', segment);
    return this.#link.perform({ ...this.#ids(), name: 'redact', segment });
  }

  #act(name: BareOp): Operation {
    return this.#link.perform({ ...this.#ids(), name });
  }

  #ids() {
    return { op: uuidV7(), draft: this.id };
  }
}

function settleHolding(draft: DraftSnapshot | null, settle: (result: Result<DraftSnapshot>) => void): void {
  if (!draft || draft.role === null || draft.role === 'viewer') settle({ ok: false, error: failure('notFound', 'You cannot hold the ring of this draft.') });
  else if (draft.status === 'completed') settle({ ok: false, error: failure('draftCompleted', 'The draft is completed. Start a new draft.') });
  else if (draft.holding) settle(done(draft));
}
