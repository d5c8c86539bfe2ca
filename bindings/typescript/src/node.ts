export * from './types.js';
export { createClient } from './node/client.js';
