import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: { alias: { '@onering/sdk': here('../bindings/typescript/dist/index.js') } },
  worker: { format: 'es' },
  build: {
    outDir: here('../build/demo'),
    emptyOutDir: true,
    target: ['chrome123', 'firefox128', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  plugins: [listFilesForServiceWorker()],
});

// Tells the service worker what the page consists of; whenever that changes, so does the worker's script.
function listFilesForServiceWorker() {
  return {
    name: 'list-files-for-service-worker',
    apply: 'build',
    async writeBundle({ dir }) {
      const assets = (await readdir(join(dir, 'assets'))).filter(isNeededOffline).sort();
      const files = ['/', '/ring.svg', ...assets.map((name) => `/assets/${name}`)];
      const script = join(dir, 'service-worker.js');
      const source = await readFile(script, 'utf8');
      const listed = source.replace('const files = [];', `const files = ${JSON.stringify(files)};`);
      if (listed === source) throw new Error('service-worker.js has no list of files to fill in');
      await writeFile(script, listed);
    },
  };
}

// Alphabets other than Latin are fetched when a text needs them.
function isNeededOffline(name) {
  return !name.endsWith('.woff2') || /-latin-wght/.test(name);
}
