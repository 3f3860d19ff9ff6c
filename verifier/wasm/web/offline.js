// Keeps the page for when there is no network: all of its files of one moment, so that they fit together.
const NAME = "winterlane-verifier-2";
const FILES = [
  "./",
  "lib/files.js",
  "lib/index.js",
  "lib/third-party.txt",
  "lib/winterlane_verifier.wasm",
  "page/ask.js",
  "page/icon.svg",
  "page/main.js",
  "page/node.js",
  "page/parts.js",
  "page/private.js",
  "page/style.css",
  "page/text.js",
  "page/view.js",
  "page/worker.js",
];

self.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(NAME);
    await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("winterlane-verifier-") && name !== NAME) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  // Other origins, a node's say, are none of its business.
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  const answer = async () => {
    try {
      return await fetch(request);
    } catch (error) {
      const kept = await caches.match(request, { ignoreSearch: true });
      if (kept) return kept;
      throw error;
    }
  };
  event.respondWith(answer());
});
