import type { Socket } from '../../src/worker/connection.js';

/** A WebSocket whose other end is the test. */
export class FakeSocket implements Socket {
  binaryType = '';
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly sent: Uint8Array[] = [];
  isClosed = false;

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.isClosed) throw new Error('sent on a closed socket');
    this.sent.push(message);
  }

  close(): void {
    this.isClosed = true;
  }

  opens(): void {
    this.onopen?.(undefined as never);
  }

  brings(data: unknown): void {
    this.onmessage?.({ data });
  }

  ends(code = 1006): void {
    this.isClosed = true;
    this.onclose?.({ code, reason: '' });
  }
}
