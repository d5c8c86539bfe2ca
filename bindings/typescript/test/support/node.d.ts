/** The little of Node that the tests use. */
declare module 'node:fs' {
  export function existsSync(path: URL): boolean;
  export function readFileSync(path: URL): Uint8Array<ArrayBuffer>;
  export function readFileSync(path: URL, encoding: 'utf8'): string;
}

declare const process: { readonly env: Readonly<Record<string, string | undefined>> };
