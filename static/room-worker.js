// Circles, the worker behind one room: a page that was open on a phone can be loaded again without a network.
//
// KEEPS comes from the site, in the line before: the address of a page that holds nothing private, the files it is
// made of, and its version, so that a new page makes a new worker. Nothing else is ever kept, and nothing but the
// room's own page is answered: what the tab knows of the room, room.js puts back.

"use strict";

const CACHE = "room";
const ROOM = /^[/]host[/]gatherings[/][0-9a-f-]{36}[/]room$/;

async function fill() {
  const cache = await caches.open(CACHE);
  const wanted = [KEEPS.shell, ...KEEPS.files];
  await cache.addAll(wanted.map((address) => new Request(address, { cache: "reload", credentials: "omit" })));
}

async function dropOld() {
  const cache = await caches.open(CACHE);
  const wanted = new Set([KEEPS.shell, ...KEEPS.files].map((address) => new URL(address, location).href));
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
}

// What the site says; where it cannot be reached, what was kept at this address.
async function orKept(request, address) {
  try {
    return await fetch(request);
  } catch (lost) {
    const kept = await caches.match(address);
    if (!kept) throw lost;
    return kept;
  }
}

addEventListener("install", (event) => event.waitUntil(fill().then(skipWaiting)));
addEventListener("activate", (event) => event.waitUntil(dropOld()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && ROOM.test(pathname)) event.respondWith(orKept(request, KEEPS.shell));
  else if (pathname.startsWith("/static/")) event.respondWith(orKept(request, request.url));
});
