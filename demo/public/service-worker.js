// Lets the page open while the server is away: its files are kept in a cache, as one consistent set. The
// drafts are none of its business; they are in the package's own store.

// Filled in by the build: every file that the page needs. A new set makes this a new script, and so a new cache.
const files = [];

const prefix = 'onering-demo-';
const cacheName = prefix + hashOf(files.join(' '));

self.addEventListener('install', (event) => {
  event.waitUntil(keepFiles().then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOldFiles().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(freshPage(request));
  else if (files.includes(url.pathname)) event.respondWith(keptFile(request, url.pathname));
});

// From the server, as long as there is one: so a new version of the page is seen at once.
async function freshPage(request) {
  try {
    return await fetch(request);
  } catch {
    return (await fromCache('/')) ?? Response.error();
  }
}

// The names of assets tell their contents, so a kept one never is an old one.
async function keptFile(request, path) {
  return (await fromCache(path)) ?? fetch(request);
}

async function fromCache(path) {
  return (await caches.open(cacheName)).match(path);
}

async function keepFiles() {
  const cache = await caches.open(cacheName);
  await cache.addAll(files.map((path) => new Request(path, { cache: 'reload' })));
}

async function forgetOldFiles() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(prefix) && name !== cacheName).map((name) => caches.delete(name)));
}

// FNV-1a; only has to differ when the files do.
function hashOf(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; ++i) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16);
}
