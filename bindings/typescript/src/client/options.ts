import type { OpenOptions } from '../shared/protocol.js';
import type { ClientOptions } from '../types.js';
import { textArgument } from './arguments.js';

/**
 * `base`, `wasmBase`: what the server's address and the module's count from; nothing: they must be whole. Throws a
 * TypeError for options of the wrong form.
 */
export function openOptions(options: ClientOptions, base: string | undefined, wasmBase = base): OpenOptions {
  const { storage = {}, user = '', startOffline = false } = options;
  const { name = 'onering', kind = 'auto' } = storage;
  if (typeof options.auth !== 'function') throw new TypeError('auth must be a function that returns a token');
  textArgument('user', user);
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name) || /^\.+$/.test(name)) {
    throw new TypeError('storage.name must be 1 to 64 characters of A-Z a-z 0-9 . _ -');
  }
  return {
    url: socketUrl(options.url, base),
    user,
    storage: { name, kind },
    startOffline,
    wasmUrl: options.wasmUrl === undefined ? null : new URL(options.wasmUrl, wasmBase).href,
  };
}

function socketUrl(url: string | URL, base: string | undefined): string {
  const absolute = new URL(url, base);
  if (absolute.protocol === 'http:') absolute.protocol = 'ws:';
  if (absolute.protocol === 'https:') absolute.protocol = 'wss:';
  if (absolute.protocol !== 'ws:' && absolute.protocol !== 'wss:') {
    throw new TypeError('url must be a ws:, wss:, http: or https: address, or a path');
  }
  absolute.hash = '';
  return absolute.href;
}
