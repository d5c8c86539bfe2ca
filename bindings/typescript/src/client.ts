import type { Client, ClientOptions } from './types.js';

/**
 * Opens this user's store on this device, and begins to sync. Returns at once; what goes wrong while opening is
 * told by {@link Client.ready} and {@link Client.status}. Throws a TypeError for options of the wrong form.
 */
export function createClient(options: ClientOptions): Client {
  throw new TypeError(`not built: ${String(options.url)}`);
}
