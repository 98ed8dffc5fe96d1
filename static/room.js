// Circles, the live page on a host's phone: the register and the timer work offline.
//
// 1. localStorage: ids, marks and times, never a name but the first name of a walk-in until it is sent
// 2. sessionStorage: the page itself with its names, for a reload offline in the same tab
// 3. taps on the register: shown at once, stored, and sent when online; each has a key, so that it counts once
// 4. walk-ins: queued like taps, each with a key, so that it is added once; a full room asks before
// 5. the timer: computed from the clock, so that a reload or a sleeping phone does not stop it

"use strict";

// --- 1. Stored on this phone ----------------------------------------------------------------------------

const memory = new Map(); // for browsers without localStorage, as long as this page is open

function keep(key, value) {
  memory.set(key, value);
  try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* it is in memory */ }
}

function kept(key) {
  try {
    const stored = localStorage.getItem(key);
    if (stored !== null) return JSON.parse(stored);
  } catch { /* not readable */ }
  return memory.get(key) ?? null;
}

function forget(key) {
  memory.delete(key);
  try { localStorage.removeItem(key); } catch { /* nothing to remove */ }
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
    const days = key.includes(":tap:") || key.includes(":walk-in:") ? 30 : 2;
    if (!last || Date.now() - last > days * DAY) forget(key);
  }
}

// --- 2. The page itself, in its tab ---------------------------------------------------------------------
//
// Offline, the service worker (room-worker.js) answers a reload with a shell without names. The tab restores the parts
// it kept. They are deleted when the register is closed, at signing out (by circles.js and the site), and some hours
// after the end.

const shell = document.getElementById("room-shell");
const PAGES = "room-page:";

function keptPage(key) {
  try {
    const page = JSON.parse(sessionStorage.getItem(key));
    if (page?.until > Date.now()) return page;
    sessionStorage.removeItem(key);
  } catch { /* no sessionStorage */ }
  return null;
}

function forgetOldPages() {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PAGES)) keptPage(key);
  } catch { /* no sessionStorage */ }
}

// In the shell: restore the parts that the tab kept. Returns until when they may be shown (ms), 0 for none.
function restorePage() {
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
let until = shell ? restorePage() : 0;
const room = document.querySelector("[data-room]");
if (room && !shell) until = Date.now() + Number(room.dataset.keptSeconds ?? 0) * 1000;

function keepPage() {
  if (!room) return;
  try {
    if (Date.now() >= until) return sessionStorage.removeItem(PAGES + room.dataset.room);
    const parts = [...document.querySelectorAll("[data-kept]")].map((part) => part.outerHTML);
    sessionStorage.setItem(PAGES + room.dataset.room, JSON.stringify({ until, parts }));
  } catch { /* no sessionStorage: a reload needs the network */ }
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

// One worker for each live page, and none for a gathering that is over or older than two days.
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
const TIMEOUT = 15_000;

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

// The line of the register that a tap is on: of a booking or of a walk-in.
function lineOf({ booking, walk_in: walkIn }) {
  return who.querySelector(booking ? `[data-booking="${CSS.escape(booking)}"]` : `[data-walk-in="${CSS.escape(walkIn)}"]`);
}

const tapped = (button, mark, late, leftEarly) => {
  const on = button.dataset.quality === "late" ? late : button.dataset.quality ? leftEarly : button.id.split("-").at(-1) === mark;
  button.setAttribute("aria-pressed", String(on));
  return on;
};

// The value of a button is what it makes: pressed again, a mark is removed, and late or left early is taken back.
function showMark(tap) {
  const { mark, late = false, left_early: leftEarly = false } = tap;
  const row = lineOf(tap);
  for (const button of row?.querySelectorAll(".mark") ?? []) {
    button.value = tapped(button, mark) ? "" : button.id.split("-").at(-1);
  }
  for (const button of row?.querySelectorAll(".quality") ?? []) {
    const on = tapped(button, mark, late, leftEarly);
    const next = button.dataset.quality === "late" ? [!on, leftEarly] : [late, !on];
    button.value = ["came", next[0] && "late", next[1] && "left_early"].filter(Boolean).join(" ");
  }
  for (const group of row?.querySelectorAll(".qualities") ?? []) group.hidden = mark !== "came";
}

function readMark(value) {
  const [mark, ...qualities] = value.split(" ");
  return { mark, late: qualities.includes("late"), left_early: qualities.includes("left_early") };
}

function showCounts() {
  const counts = { "": 0, came: 0, absent: 0, excused: 0, late: 0, left_early: 0 };
  counts.came += who.querySelectorAll("[data-walk-in]").length;
  for (const row of who.querySelectorAll("[data-booking]")) {
    const pressed = row.querySelector('.mark[aria-pressed="true"]');
    counts[pressed ? pressed.id.split("-").at(-1) : ""] += 1;
  }
  for (const button of who.querySelectorAll('.quality[aria-pressed="true"]')) {
    if (!button.parentElement.hidden) counts[button.dataset.quality] += 1;
  }
  for (const count of who.querySelectorAll("[data-count]")) {
    count.textContent = counts[count.dataset.count];
    if (count.dataset.optional) count.parentElement.hidden = !counts[count.dataset.count];
  }
  keepPage();
}

function showMessage(text, kind = "") {
  if (line.textContent !== text) line.textContent = text;
  line.dataset.kind = kind;
}

function showState() {
  if (waiting().length || unsent().length) showMessage("Kept on this phone; it will be sent when the connection is back.", "kept");
  else showMessage("Saved");
}

function showAll({ marks, late = [], left_early: leftEarly = [] }) {
  const own = new Map(waiting().map((tap) => [tap.booking ?? tap.walk_in, tap]));
  for (const [booking, mark] of Object.entries(marks)) {
    const there = { booking, mark, late: late.includes(booking), left_early: leftEarly.includes(booking) };
    showMark(own.get(booking) ?? there);
  }
  for (const tap of own.values()) if (tap.walk_in) showMark(tap);
  showCounts();
}

function onTap(event) {
  const form = event.target.closest?.("[data-tap]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const { booking, walk_in_id: walkIn } = form.elements;
  const on = booking ? { booking: booking.value } : { walk_in: walkIn.value };
  const tap = { key: newKey(), ...on, ...readMark(event.submitter.value), at: Date.now() };
  keep(TAP + tap.key, tap);
  showMark(tap);
  showCounts();
  send();
}

async function post(taps, walkIns) {
  const now = Date.now();
  const ago = (at) => Math.max(0, Math.round(now - at));
  return fetch(who.dataset.marks, {
    method: "POST",
    redirect: "manual",
    headers: { "Content-Type": "application/json" },
    signal: AbortSignal.timeout(TIMEOUT),
    body: JSON.stringify({
      taps: taps.map(({ at, ...tap }) => ({ ...tap, ago: ago(at) })),
      walk_ins: walkIns.map(({ key, name, counts, over, at }) => ({ key, name, counts, over, ago: ago(at) })),
    }),
  });
}

async function showAnswer(response, taps) {
  if (response.type === "opaqueredirect" || response.status === 404) {
    forgetPage();
    showMessage("You are signed out here. Your taps are kept on this phone: sign in again and open this page.", "kept");
    return;
  }
  if (!response.ok && response.status !== 422) return showState();
  const answer = await response.json();
  const { says, answers, walk_ins: walkIns } = answer;
  showNetwork();
  for (const tap of taps) forget(TAP + tap.key);
  takeAnswers(answers ?? {});
  if (walkIns) showWalkIns(walkIns);
  showAll(answer);
  if (says) showMessage(says, "kept");
  else showState();
}

async function send() {
  if (sending) { sendAgain = true; return; }
  sending = true;
  const taps = waiting();
  try {
    if (navigator.onLine) await showAnswer(await post(taps, unsent()), taps);
    else showState();
  } catch {
    showState();
  }
  sending = false;
  if (sendAgain) { sendAgain = false; send(); }
}

function startRegister() {
  if (!who?.dataset.marks || !line) return;
  for (const tap of waiting()) showMark(tap);
  showQueue();
  document.addEventListener("submit", onTap);
  document.addEventListener("submit", onWalkIn);
  document.addEventListener("click", onQueueButton);
  addEventListener("online", send);
  addEventListener("offline", showState);
  addEventListener("pageshow", send);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
  setInterval(() => { if (!document.hidden || waiting().length || unsent().length) send(); }, SYNC_EVERY);
}

// --- 4. Walk-ins ----------------------------------------------------------------------------------------
//
// One that waits is stored on the phone with its first name, until the site answers that it is on the register. Its key
// is its id there, so that one sent twice is added once. A full room asks: such a one waits until the host answers.

const addForm = document.getElementById("walk-in");
const WALK_IN = `room:${who?.dataset.gathering}:walk-in:`;

function queued() {
  return keptKeys(WALK_IN).map(kept).filter((walkIn) => walkIn?.key).sort((a, b) => a.at - b.at);
}

const unsent = () => queued().filter((walkIn) => !walkIn.asks && !walkIn.refused);

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// A line of the register. id: of a walk-in that counts as there, empty for one that the host has to decide on.
function walkInLine(name, badge, note, id) {
  const line = element("li", "", { class: "register-row", ...(id ? { "data-walk-in": id, id: `walk-in-${id}` } : {}) });
  const person = element("div", "", { class: "register-who" });
  person.append(element("strong", name), " ", element("span", badge, { class: "badge badge-first" }));
  if (note) person.append(" ", element("span", note, { class: "soft small" }));
  line.append(person);
  return line;
}

function queueLine(walkIn) {
  const open = walkIn.asks || walkIn.refused;
  const line = walkInLine(walkIn.name, "Not sent yet", walkIn.refused || walkIn.asks || "", open ? "" : walkIn.key);
  const buttons = element("p", "", { class: "row" });
  if (walkIn.asks) {
    buttons.append(element("button", "Add all the same", {
      type: "button", class: "button button-quiet", "data-queue": "over", "data-key": walkIn.key,
    }));
  }
  buttons.append(element("button", "Leave it", {
    type: "button", class: "button button-plain", "data-queue": "leave", "data-key": walkIn.key,
  }));
  if (open) line.append(buttons);
  return line;
}

function showQueue() {
  const list = document.getElementById("waiting-walk-ins");
  if (list) {
    list.replaceChildren(...queued().map(queueLine));
    list.hidden = !list.children.length;
  }
  showCounts();
}

// The buttons of one that is on the register, as the page has them for those that were there when it was loaded.
function walkInMarks(id, name) {
  const marks = document.getElementById("walk-in-marks")?.content.firstElementChild.cloneNode(true);
  if (!marks) return "";
  marks.elements.walk_in_id.value = id;
  marks.querySelector(".qualities").setAttribute("aria-label", `${name}, who came`);
  for (const button of marks.querySelectorAll(".quality")) button.id = `walk-in-${id}-${button.dataset.quality}`;
  return marks;
}

let shownWalkIns = "";

function showWalkIns(walkIns) {
  const list = document.getElementById("walk-ins");
  const shown = JSON.stringify(walkIns.map(({ id, name, seat }) => [id, name, seat]));
  if (!list) return;
  if (shown !== shownWalkIns) { // who is about to press a button keeps it
    list.replaceChildren(...walkIns.map(({ id, name, seat }) => {
      const line = walkInLine(name, "Came without a booking", seat === null ? "beyond the seats" : "", id);
      line.append(walkInMarks(id, name));
      return line;
    }));
    shownWalkIns = shown;
  }
  for (const { id, late, left_early } of walkIns) showMark({ walk_in: id, mark: "came", late, left_early });
  list.hidden = !walkIns.length;
  showQueue();
}

function takeAnswers(answers) {
  for (const [key, { state, text }] of Object.entries(answers)) {
    const walkIn = kept(WALK_IN + key);
    if (!walkIn) continue;
    if (state === "added") forget(WALK_IN + key);
    else keep(WALK_IN + key, { ...walkIn, [state]: text }); // "asks" or "refused"
  }
}

// Whether the room is full, as far as this phone knows; the site decides once it is sent.
function isFull() {
  const beyond = document.querySelectorAll("#waiting-walk-ins [data-walk-in]").length;
  return Number(addForm.dataset.inRoom) + beyond >= Number(addForm.dataset.capacity);
}

function onWalkIn(event) {
  if (!addForm || event.target !== addForm) return; // not by its id: the form has a field of that name
  event.preventDefault();
  const field = event.target.elements.walk_in;
  const name = field.value.trim();
  if (!name) return field.focus();
  const walkIn = { key: newKey(), name, counts: event.target.elements.counts.checked, over: false, at: Date.now() };
  if (!navigator.onLine && isFull()) walkIn.asks = "All seats are taken.";
  keep(WALK_IN + walkIn.key, walkIn);
  field.value = "";
  field.focus();
  showQueue();
  send();
}

function onQueueButton(event) {
  const { queue, key } = event.target.closest?.("[data-queue]")?.dataset ?? {};
  if (!queue) return;
  const { asks, ...walkIn } = kept(WALK_IN + key) ?? {};
  if (queue === "leave") forget(WALK_IN + key);
  else if (walkIn.key) keep(WALK_IN + key, { ...walkIn, over: true });
  showQueue();
  send();
}

// --- 5. The timer ---------------------------------------------------------------------------------------

const timer = document.getElementById("timer");
const TIMER = `room:${timer?.dataset.gathering}:timer`;
const part = (name) => document.getElementById(`timer-${name}`);
const steps = [...(part("steps")?.children ?? [])].map((item) => ({
  item, name: item.dataset.name, words: item.dataset.words, seconds: Number(item.dataset.minutes) * 60,
}));

// When each step began; the last one is the current step. One more than there are steps: all are over.
const stepStarts = () => kept(TIMER) ?? [];

function formatTime(seconds) {
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
  setText(part("left"), !step ? "" : left >= 0 ? formatTime(left) : `${formatTime(left)} over`);
  setText(part("words"), step?.words ?? "");
  part("left").classList.toggle("is-over", Boolean(step) && left < 0);
  part("line").value = step ? Math.min(1, Math.max(0, 1 - left / step.seconds)) : now < 0 ? 0 : 1;
}

function showTimer() {
  const starts = stepStarts();
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
  part("on").addEventListener("click", () => { keep(TIMER, [...stepStarts(), Date.now()]); showTimer(); });
  // Back resumes a step that was ended too early with the time it had left.
  part("back").addEventListener("click", () => { keep(TIMER, stepStarts().slice(0, -1)); showTimer(); });
  addEventListener("storage", showTimer);
  setInterval(showTimer, 500);
  showTimer();
}

forgetOld();
keepPage();
startRegister();
startTimer();
startWorker().catch(() => { /* no service workers: a reload needs the network */ });
