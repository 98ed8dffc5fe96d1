// Circles, the service worker of one live page: a page that was open on a phone can be reloaded offline.
//
// KEEPS comes from the site, in the line before: the URL of an offline page that holds nothing private, the files it
// needs, and its version, so that a new page makes a new worker. Nothing else is cached, and only requests for the
// live page and for static files are answered. room.js restores what the tab kept of the live page.

"use strict";

const CACHE = "room";
const FILES = /^[/](static|colors|logo)[/]/;
const ROOM = /^[/]host[/]gatherings[/][0-9a-f-]{36}[/]room$/;

async function fill() {
  const cache = await caches.open(CACHE);
  const wanted = [KEEPS.shell, ...KEEPS.files];
  await cache.addAll(wanted.map((address) => new Request(address, { cache: "reload", credentials: "omit" })));
}

async function deleteOld() {
  const cache = await caches.open(CACHE);
  const wanted = new Set([KEEPS.shell, ...KEEPS.files].map((address) => new URL(address, location).href));
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
}

// The answer of the site; what is cached for this URL when the site cannot be reached.
async function orCached(request, address) {
  try {
    return await fetch(request);
  } catch (lost) {
    const cached = await caches.match(address);
    if (!cached) throw lost;
    return cached;
  }
}

addEventListener("install", (event) => event.waitUntil(fill().then(skipWaiting)));
addEventListener("activate", (event) => event.waitUntil(deleteOld()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && ROOM.test(pathname)) event.respondWith(orCached(request, KEEPS.shell));
  else if (FILES.test(pathname)) event.respondWith(orCached(request, request.url));
});
