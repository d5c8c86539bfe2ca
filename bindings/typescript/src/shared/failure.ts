import { errorCodes, type ErrorCode, type Failure, type Result } from '../types.js';

/** Sentences for what goes wrong on this side of the core; the core brings its own. */
const messages: Partial<Record<ErrorCode, string>> = {
  invalidText: 'The text holds half of a character (a lone surrogate). Correct it.',
  idMalformed: 'An id has the wrong form. Ids are UUIDs as this package gave them.',
  storageUnavailable:
    'The storage cannot be opened. Allow this site to store data, or choose the storage kind "memory".',
  unavailable: 'The server cannot be reached. Your work is kept and will be sent.',
  protocolError: 'A message was malformed. This is a defect or damage on the way; report it if it repeats.',
  internal: 'Something went wrong inside. Your work is kept; report it if it repeats.',
};

export function failure(code: ErrorCode, message?: string): Failure {
  return { code, message: message ?? messages[code] ?? code };
}

export function failed(code: ErrorCode, message?: string): { readonly ok: false; readonly error: Failure } {
  return { ok: false, error: failure(code, message) };
}

export function done<T>(value: T): Result<T> {
  return { ok: true, value };
}

export const busyStorage = failure(
  'storageUnavailable',
  'Another tab or window of this site has this storage open. Close it there, or use another storage name, and try again.',
);

export const closedClient = failure('unavailable', 'The client was closed. What was stored is kept, and sent by the next one.');

export const clearedStore = failure('unauthenticated', 'This device was signed out, and what it had stored was erased. Sign in and open a new client.');

/** For calls that were not answered before the store was erased, and later ones. */
export const erasedClient = failure('unavailable', clearedStore.message);

const known: ReadonlySet<string> = new Set(errorCodes);

export function isErrorCode(code: string): code is ErrorCode {
  return known.has(code);
}

/** What an exception says, for a console; never undefined. */
export function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
