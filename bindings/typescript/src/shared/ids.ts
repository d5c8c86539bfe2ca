/** UUIDv7 (RFC 9562 §5.7), made where the user acts: an op has its id before any worker has heard of it. */

const pool = { bytes: new Uint8Array(0), used: 0 };
const idBytes = 10;

function entropy(): Uint8Array {
  if (pool.used + idBytes > pool.bytes.length) {
    pool.bytes = crypto.getRandomValues(new Uint8Array(idBytes * 200));
    pool.used = 0;
  }
  pool.used += idBytes;
  return pool.bytes.subarray(pool.used - idBytes, pool.used);
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hexOf(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; ++i) text += hex[bytes[i]!];
  return text;
}

const last = { ms: 0, counter: 0 };

/**
 * Every id is greater than the one before, within one millisecond and after a clock went back too (RFC 9562 §6.2,
 * method 1): the ids of what was done here sort as it was done.
 */
export function uuidV7(nowMs: number = Date.now()): string {
  const random = entropy();
  const ms = Math.trunc(nowMs);
  if (ms > last.ms) {
    last.ms = ms;
    last.counter = ((random[0]! << 8) | random[1]!) & 0x7ff;
  } else if (++last.counter > 0xfff) {
    last.ms += 1;
    last.counter = 0;
  }
  random[2] = (random[2]! & 0x3f) | 0x80;
  const time = last.ms.toString(16).padStart(12, '0');
  const counter = (0x7000 | last.counter).toString(16);
  const tail = hexOf(random, 2, idBytes);
  return `${time.slice(0, 8)}-${time.slice(8)}-${counter}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
