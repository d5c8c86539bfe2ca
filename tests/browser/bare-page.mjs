// The package in a page with nothing else on it: what an app can do that the demo does not.
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { root } from './server.mjs';

// A folder to serve: an empty page beside the package as it is shipped.
export async function makeBareSite(folder) {
  const site = join(folder, 'bare');
  await cp(join(root, 'bindings/typescript/dist'), site, { recursive: true });
  await writeFile(join(site, 'index.html'), '<!doctype html><title>Bare</title>');
  return site;
}

// A tab with `client`, and `asked`: the reasons for which it was asked for a token. `options` as createClient() takes
// them, with `tokens`: what is answered, in this order, the last one again and again.
export async function openBarePage(context, address, { tokens = ['ada'], ...options } = {}) {
  const page = await context.newPage();
  await page.goto(address);
  await page.evaluate(
    async ({ tokens, options }) => {
      const { createClient } = await import('/index.js');
      globalThis.asked = [];
      globalThis.tokens = tokens;
      globalThis.client = createClient({
        url: '/sync',
        auth: ({ reason }) => {
          asked.push(reason);
          return globalThis.tokens.length > 1 ? globalThis.tokens.shift() : globalThis.tokens[0];
        },
        ...options,
      });
      const ready = await client.ready;
      if (!ready.ok) throw new Error(ready.error.message);
    },
    { tokens, options },
  );
  return page;
}

export function statusOf(page) {
  return page.evaluate(() => client.status.current);
}

// Resolves with the first status for which the function, given as it stands, says true.
export function untilStatus(page, holds, timeoutMs = 30_000) {
  return page.evaluate(
    ({ source, timeoutMs }) => {
      const holds = new Function(`return (${source})`)();
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`still ${JSON.stringify(client.status.current)}`)), timeoutMs);
        client.status.subscribe((status) => {
          if (!holds(status)) return;
          clearTimeout(timer);
          resolve(status);
        });
      });
    },
    { source: String(holds), timeoutMs },
  );
}
