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

export function uuidV7(nowMs: number = Date.now()): string {
  const time = Math.trunc(nowMs).toString(16).padStart(12, '0');
  const random = entropy();
  random[0] = (random[0]! & 0x0f) | 0x70;
  random[2] = (random[2]! & 0x3f) | 0x80;
  const tail = hexOf(random, 0, idBytes);
  return `${time.slice(0, 8)}-${time.slice(8)}-${tail.slice(0, 4)}-${tail.slice(4, 8)}-${tail.slice(8)}`;
}

export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
