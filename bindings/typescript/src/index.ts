/**
 * The public interface of `@onering/sdk`.
 *
 * A {@link Client} keeps one user's drafts on this device. Its work is done in a worker: the page gets plain
 * values, never a handle to the worker's memory. Everything it is told arrives in the order in which it
 * happened.
 *
 * Conventions, throughout:
 *
 * - Times are milliseconds since 1970-01-01 UTC, spans of time end in `Ms`, sizes are in bytes.
 * - Ids of drafts, segments, ops and devices are UUIDv7 in their text form; user ids are whatever the
 *   identity provider uses (1 to 128 bytes of UTF-8).
 * - What can be expected to go wrong is a value ({@link Result}); promises do not reject for it. They reject
 *   with the signal's reason when an `AbortSignal` that the caller passed in is aborted. Arguments of the wrong
 *   type are defects of the app: a `TypeError`, thrown at once or by the promise.
 * - What is handed out is read-only and shared: a part that has not changed is the same object as before
 *   (`===`), so that views can skip it.
 *
 * @packageDocumentation
 */
export * from './types.js';
export { createClient } from './client.js';
