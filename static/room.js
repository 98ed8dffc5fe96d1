// Circles, the room on a host's phone: the register and the timer go on without a network.
//
// 1. what is kept on this phone: ids, marks and moments, never a name
// 2. the page itself, names and all: kept in its tab alone, for a reload without a network
// 3. taps on the register: shown at once, kept, and sent when there is a network; each has a key, so none counts twice
// 4. the timer: goes by the clock, so a reload or a sleeping phone does not stop it

"use strict";

// --- 1. Kept on this phone ------------------------------------------------------------------------------

const memory = new Map(); // where a browser keeps nothing, this page does as long as it is open

function keep(key, value) {
  memory.set(key, value);
  try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* memory has it */ }
}

function kept(key) {
  try {
    const found = localStorage.getItem(key);
    if (found !== null) return JSON.parse(found);
  } catch { /* nothing readable there */ }
  return memory.get(key) ?? null;
}

function forget(key) {
  memory.delete(key);
  try { localStorage.removeItem(key); } catch { /* there is nothing to remove */ }
}

function keptKeys(start) {
  let stored = [];
  try { stored = Object.keys(localStorage); } catch { /* memory only */ }
  return [...new Set([...stored, ...memory.keys()])].filter((key) => key.startsWith(start));
}

const DAY = 86_400_000;

function forgetOld() {
  for (const key of keptKeys("room:")) {
    const value = kept(key);
    const last = Array.isArray(value) ? value.at(-1) : value?.at;
    const days = key.includes(":tap:") ? 30 : 2;
    if (!last || Date.now() - last > days * DAY) forget(key);
  }
}

// --- 2. The page itself, in its tab ---------------------------------------------------------------------
//
// Without a network a worker (room-worker.js) answers a reload with a shell that knows nobody. The tab puts back
// what it kept, which it forgets when the register is closed, at signing out (circles.js and the site see to that),
// and some hours after the end.

const shell = document.getElementById("room-shell");
const PAGES = "room-page:";

function keptPage(key) {
  try {
    const page = JSON.parse(sessionStorage.getItem(key));
    if (page?.until > Date.now()) return page;
    sessionStorage.removeItem(key);
  } catch { /* a tab that keeps nothing */ }
  return null;
}

function forgetOldPages() {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PAGES)) keptPage(key);
  } catch { /* a tab that keeps nothing */ }
}

// In the shell: the parts of the page as the tab kept them. Returns until when they may be shown.
function putBack() {
  const page = keptPage(PAGES + location.pathname.split("/")[3]);
  if (!page) return 0;
  const parts = document.createElement("template");
  parts.innerHTML = page.parts.join("");
  document.getElementById("room-bare").replaceWith(parts.content);
  for (const link of document.querySelectorAll(".room-bar a[hidden]")) {
    link.hidden = !document.querySelector(link.getAttribute("href"));
  }
  return page.until;
}

forgetOldPages();
let until = shell ? putBack() : 0;
const room = document.querySelector("[data-room]");
if (room && !shell) until = Date.now() + Number(room.dataset.keptSeconds ?? 0) * 1000;

function keepPage() {
  if (!room) return;
  try {
    if (Date.now() >= until) return sessionStorage.removeItem(PAGES + room.dataset.room);
    const parts = [...document.querySelectorAll("[data-kept]")].map((part) => part.outerHTML);
    sessionStorage.setItem(PAGES + room.dataset.room, JSON.stringify({ until, parts }));
  } catch { /* then a reload needs the network */ }
}

function forgetPage() {
  until = 0;
  keepPage();
}

function showNetwork() {
  for (const words of shell?.querySelectorAll("[data-network]") ?? []) words.hidden = words.dataset.network === "no";
}

function showReloads() {
  for (const words of document.querySelectorAll("[data-reloads]")) words.hidden = words.dataset.reloads === "no";
}

// One worker for each room, and none for a room that is over or that this phone has forgotten.
async function startWorker() {
  if (!room || shell || !navigator.serviceWorker) return;
  const opened = `room:${room.dataset.room}:opened`;
  if (until > Date.now()) keep(opened, { at: Date.now() });
  else forget(opened);
  for (const worker of await navigator.serviceWorker.getRegistrations()) {
    if (!kept(`room:${worker.scope.split("/").at(-2)}:opened`)) await worker.unregister();
  }
  if (!kept(opened)) return;
  await navigator.serviceWorker.register("/host/room-worker.js", { scope: location.pathname });
  await navigator.serviceWorker.ready;
  showReloads();
}

// --- 3. Taps on the register ----------------------------------------------------------------------------

const SYNC_EVERY = 20_000; // milliseconds; the marks made on another phone show here within that time
const PATIENCE = 15_000;

const who = document.getElementById("who");
const line = document.getElementById("room-line");
const TAP = `room:${who?.dataset.gathering}:tap:`;
let sending = false;
let sendAgain = false;

function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function waiting() {
  return keptKeys(TAP).map(kept).filter((tap) => tap?.key).sort((a, b) => a.at - b.at);
}

function showMark(booking, mark) {
  const row = who.querySelector(`[data-booking="${CSS.escape(booking)}"]`);
  for (const button of row?.querySelectorAll(".mark") ?? []) {
    const word = button.id.split("-").at(-1);
    button.setAttribute("aria-pressed", String(word === mark));
    button.value = word === mark ? "" : word;
  }
}

function showCounts() {
  const found = { "": 0, came: 0, absent: 0, excused: 0 };
  for (const row of who.querySelectorAll("[data-booking]")) {
    const pressed = row.querySelector('.mark[aria-pressed="true"]');
    found[pressed ? pressed.id.split("-").at(-1) : ""] += 1;
  }
  for (const count of who.querySelectorAll("[data-count]")) count.textContent = found[count.dataset.count];
  keepPage();
}

function say(text, kind = "") {
  if (line.textContent !== text) line.textContent = text;
  line.dataset.kind = kind;
}

function sayHowItStands() {
  if (waiting().length) say("Kept on this phone; it will be sent when the connection is back.", "kept");
  else say("Saved");
}

function showAll(marks) {
  const own = new Map(waiting().map((tap) => [tap.booking, tap.mark]));
  for (const [booking, mark] of Object.entries(marks)) showMark(booking, own.get(booking) ?? mark);
  showCounts();
}

function tapped(event) {
  const form = event.target.closest?.("[data-tap]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const tap = { key: newKey(), booking: form.elements.booking.value, mark: event.submitter.value, at: Date.now() };
  keep(TAP + tap.key, tap);
  showMark(tap.booking, tap.mark);
  showCounts();
  send();
}

async function post(taps) {
  const now = Date.now();
  return fetch(who.dataset.marks, {
    method: "POST",
    redirect: "manual",
    headers: { "Content-Type": "application/json" },
    signal: AbortSignal.timeout(PATIENCE),
    body: JSON.stringify({
      taps: taps.map(({ key, booking, mark, at }) => ({ key, booking, mark, ago: Math.max(0, Math.round(now - at)) })),
    }),
  });
}

async function answered(response, taps) {
  if (response.type === "opaqueredirect" || response.status === 404) {
    forgetPage();
    say("You are signed out here. Your taps are kept on this phone: sign in again and open this page.", "kept");
    return;
  }
  if (!response.ok && response.status !== 422) return sayHowItStands();
  const { says, marks } = await response.json();
  showNetwork();
  for (const tap of taps) forget(TAP + tap.key);
  showAll(marks);
  if (says) say(says, "kept");
  else sayHowItStands();
}

async function send() {
  if (sending) { sendAgain = true; return; }
  sending = true;
  const taps = waiting();
  try {
    if (navigator.onLine) await answered(await post(taps), taps);
    else sayHowItStands();
  } catch {
    sayHowItStands();
  }
  sending = false;
  if (sendAgain) { sendAgain = false; send(); }
}

function startRegister() {
  if (!who?.dataset.marks || !line) return;
  for (const tap of waiting()) showMark(tap.booking, tap.mark);
  showCounts();
  document.addEventListener("submit", tapped);
  addEventListener("online", send);
  addEventListener("offline", sayHowItStands);
  addEventListener("pageshow", send);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
  setInterval(() => { if (!document.hidden || waiting().length) send(); }, SYNC_EVERY);
}

// --- 4. The timer ---------------------------------------------------------------------------------------

const timer = document.getElementById("timer");
const TIMER = `room:${timer?.dataset.gathering}:timer`;
const part = (name) => document.getElementById(`timer-${name}`);
const steps = [...(part("steps")?.children ?? [])].map((item) => ({
  item, name: item.dataset.name, words: item.dataset.words, seconds: Number(item.dataset.minutes) * 60,
}));

// When each step began; the last one is the step of now. One more than there are steps: all are over.
const begun = () => kept(TIMER) ?? [];

function sayTime(seconds) {
  const whole = Math.ceil(Math.abs(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showStep(now, at) {
  const step = steps[now];
  const left = step ? step.seconds - (Date.now() - at) / 1000 : 0;
  setText(part("name"), step ? step.name : now < 0 ? "Not begun" : "All steps are over");
  setText(part("left"), !step ? "" : left >= 0 ? sayTime(left) : `${sayTime(left)} over`);
  setText(part("words"), step?.words ?? "");
  part("left").classList.toggle("is-over", Boolean(step) && left < 0);
  part("line").value = step ? Math.min(1, Math.max(0, 1 - left / step.seconds)) : now < 0 ? 0 : 1;
}

function showTimer() {
  const starts = begun();
  const now = starts.length - 1;
  showStep(now, starts.at(-1));
  const next = steps[now + 1];
  setText(part("next"), next ? `Then: ${next.name}, ${next.seconds / 60} min` : "");
  setText(part("on"), now < 0 ? "Start" : next ? "Next" : "Finish");
  part("on").hidden = now >= steps.length;
  part("back").hidden = now < 0;
  steps.forEach(({ item }, index) => {
    item.classList.toggle("is-done", index < now);
    if (index === now) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
}

function startTimer() {
  if (!timer || !steps.length) return;
  part("on").addEventListener("click", () => { keep(TIMER, [...begun(), Date.now()]); showTimer(); });
  // Back gives a step that ended too early its own time again.
  part("back").addEventListener("click", () => { keep(TIMER, begun().slice(0, -1)); showTimer(); });
  addEventListener("storage", showTimer);
  setInterval(showTimer, 500);
  showTimer();
}

forgetOld();
keepPage();
startRegister();
startTimer();
startWorker().catch(() => { /* a browser without workers, or none wanted: a reload needs the network */ });
