/** UUIDv7 (RFC 9562 §5.7), made where the user acts: an op has its id before any worker has heard of it. */

/** Random digits in stock: asking for a few at a time costs far more than the digits. */
const stock = { digits: '', used: 0 };
const digitsPerId = 20;

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function randomDigits(): string {
  if (stock.used === stock.digits.length) {
    stock.digits = '';
    for (const byte of crypto.getRandomValues(new Uint8Array((digitsPerId / 2) * 256))) stock.digits += hex[byte];
    stock.used = 0;
  }
  stock.used += digitsPerId;
  return stock.digits.slice(stock.used - digitsPerId, stock.used);
}

const last = { ms: 0, counter: 0, start: '' };

function begin(ms: number): void {
  last.ms = ms;
  const time = ms.toString(16).padStart(12, '0');
  last.start = `${time.slice(0, 8)}-${time.slice(8)}-7`;
}

/**
 * Every id is greater than the one before, within one millisecond and after a clock went back too (RFC 9562 §6.2,
 * method 1): the ids of what was done here sort as it was done.
 */
export function uuidV7(nowMs: number = Date.now()): string {
  const random = randomDigits();
  const ms = Math.trunc(nowMs);
  if (ms > last.ms) {
    begin(ms);
    last.counter = parseInt(random.slice(0, 3), 16) & 0x7ff;
  } else if (++last.counter > 0xfff) {
    begin(last.ms + 1);
    last.counter = 0;
  }
  const counter = hex[last.counter >> 4]! + (last.counter & 0xf).toString(16);
  const variant = '89ab'[parseInt(random[4]!, 16) & 3]!;
  return `${last.start}${counter}-${variant}${random.slice(5, 8)}-${random.slice(8)}`;
}

export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
