/**
 * An invite's code: what goes into a link. The draft's id, the invite's and its token, 16 bytes each, as base64url (RFC
 * 4648 §5): 64 characters.
 */

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const partHex = 32;

export interface InviteCode {
  readonly draft: string;
  readonly invite: string;
  /** 32 hexadecimal digits. A secret. */
  readonly token: string;
}

/** 128 random bits, as 32 hexadecimal digits. */
export function newToken(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(partHex / 2)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function encodeInvite({ draft, invite, token }: InviteCode): string {
  const hex = (draft + invite + token).replaceAll('-', '').toLowerCase();
  let code = '';
  for (let at = 0; at < hex.length; at += 3) {
    const bits = Number.parseInt(hex.slice(at, at + 3), 16);
    code += digits[bits >> 6]! + digits[bits & 63]!;
  }
  return code;
}

/** Null for what is no code. White space around it, as copying leaves it, is taken off. */
export function decodeInvite(text: string): InviteCode | null {
  const code = text.trim();
  if (!/^[A-Za-z0-9_-]{64}$/.test(code)) return null;
  let hex = '';
  for (let at = 0; at < code.length; at += 2) {
    hex += ((digits.indexOf(code[at]!) << 6) | digits.indexOf(code[at + 1]!)).toString(16).padStart(3, '0');
  }
  return { draft: uuidOf(hex.slice(0, partHex)), invite: uuidOf(hex.slice(partHex, 2 * partHex)), token: hex.slice(2 * partHex) };
}

function uuidOf(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
