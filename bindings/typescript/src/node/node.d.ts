/** The little of Node that its client uses: with all of Node's types, pages' code could use what pages do not have. */
declare module 'node:fs' {
  export interface Stats {
    readonly dev: bigint;
    readonly ino: bigint;
    readonly size: bigint;
  }
  export const constants: { readonly O_RDWR: number; readonly O_CREAT: number };
  export function openSync(path: string, flags: number | 'r', mode?: number): number;
  export function closeSync(file: number): void;
  export function readSync(file: number, to: Uint8Array, offset: number, length: number, position: number): number;
  export function writeSync(file: number, from: Uint8Array, offset: number, length: number, position: number): number;
  export function ftruncateSync(file: number, size: number): void;
  export function fsyncSync(file: number): void;
  export function fdatasyncSync(file: number): void;
  export function fstatSync(file: number, options: { readonly bigint: true }): Stats;
  export function mkdirSync(path: string, options: { readonly recursive: true }): void;
  export function unlinkSync(path: string): void;
  export function statfsSync(path: string): { readonly bsize: number; readonly bavail: number };
}

declare module 'node:fs/promises' {
  export function readFile(path: URL): Promise<Uint8Array<ArrayBuffer>>;
}

declare module 'node:net' {
  export interface Server {
    once(event: 'error', listener: (error: Error & { readonly code?: string }) => void): this;
    listen(options: { readonly path: string; readonly exclusive: true }, listening: () => void): this;
    unref(): this;
    close(): this;
  }
  export function createServer(connected: (socket: { destroy(): void }) => void): Server;
}

declare module 'node:path' {
  export function dirname(path: string): string;
  export function resolve(path: string): string;
}

declare module 'node:url' {
  export function pathToFileURL(path: string): URL;
}

declare const process: {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

declare function setImmediate(work: () => void): unknown;
