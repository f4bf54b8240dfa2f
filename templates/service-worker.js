// Shows a page of its own when the server cannot be reached, and keeps nothing else: no page, no answer, no document.

const KEPT = "offline";
const PAGE = `/offline/?language=${new URL(location).searchParams.get("language") ?? ""}`;

async function keep() {
  const response = await fetch(PAGE, { credentials: "omit", cache: "no-store" });
  await caches.delete(KEPT);
  const cache = await caches.open(KEPT);
  const html = await response.clone().text();
  await cache.put(PAGE, response);
  await cache.addAll([...html.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, address]) => address));
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(keep());
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(PAGE)));
  else if (request.destination === "style") event.respondWith(fetch(request).catch(() => kept(request)));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.tag)); // the conversation's address
});

async function kept(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? Response.error();
}
