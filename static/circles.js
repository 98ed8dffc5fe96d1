// Circles: what the pages can do better with JavaScript. Everything works without it.
//
// 1. tells the server the visitor's time zone, and loads a page again that was made without it
// 2. the amount chooser: slider, field and sentence move together
// 3. a form that was sent is not sent a second time
// 4. a button that copies an address
// 5. a file that is too large is said before it is sent
// 6. whoever signs in or out leaves no names in the tab
// 7. a mail that is looked at before it goes shows in its frame at once

"use strict";

document.documentElement.classList.add("live");

const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";

// --- 1. Time zones --------------------------------------------------------------------------------------

// The same cookie as set_zone of circles/web/cookies.py, unless the visitor chose a zone on /zone. The first page of a visit
// was made without it and is loaded again, before it shows: the server alone puts times into words.
function rememberZone() {
  const cookies = document.cookie;
  if (!ownZone || /(^|; )zone_chosen=/.test(cookies)) return;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `zone=${encodeURIComponent(ownZone)}; path=/; max-age=31536000; samesite=lax${secure}`;
  const isNew = !/(^|; )zone=/.test(cookies) && /(^|; )zone=/.test(document.cookie);
  if (isNew && document.documentElement.dataset.zone === "unknown") location.reload();
}

// --- 2. The amount chooser ------------------------------------------------------------------------------

const commonDivisor = (a, b) => (b ? commonDivisor(b, a % b) : a);

// A step that lands on all three marks and crosses the line in at most 120 key presses, if there is one.
function stepOf({ minimum, suggested, maximum, unit }) {
  const base = commonDivisor(maximum - minimum, suggested - minimum);
  const round = [1, 5, 10, 50, 100, 500, 1000].map((times) => times * unit);
  return round.find((step) => base % step === 0 && (maximum - minimum) / step <= 120) || commonDivisor(base, unit);
}

function placeOf(minor, { minimum, suggested, maximum }) {
  if (!Number.isFinite(minor) || minor < minimum || minor > maximum) return "outside";
  if (minor === suggested) return "suggested";
  if (minor === minimum) return "minimum";
  if (minor === maximum) return "maximum";
  return minor < suggested ? "below" : "above";
}

// An amount as people type it, in minor units, or NaN. The same grammar as money.parse on the server, which says why
// it cannot be read; tests/base/amounts.json is the table that both are held to.
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}\ufffc\u{16fe4}\u{1d159}]/gu;
const WIDE = { "\uffe0": "¢", "\uffe1": "£", "\uffe5": "¥", "\uffe6": "₩" };
const SEPARATORS = { "\u066b": ".", "\u066c": "'", "\u060c": "," };
const TYPED = /^(?<before>(?:s?fr\.|[^0-9.,'])*)(?<number>[0-9.,' ]*)(?<rest>-{1,2})?(?<after>[^0-9]*)$/su;
const GROUPED = /^(?<whole>[1-9][0-9]{0,2}(?<group>[.,' ])[0-9]{3}(?:\k<group>[0-9]{3})*)(?:(?!\k<group>)(?<point>[.,])(?<part>[0-9]*))?$/;
const PLAIN = /^(?=[.,]?[0-9])(?<whole>[0-9]*)(?:[.,](?<part>[0-9]*))?$/;
const POINT_OR_COMMA = ["EUR", "CHF"]; // where a comma may begin the decimals

// The digits of a script stand together from 0 to 9, and what holds them begins at a multiple of ten of them.
function plainDigit(digit) {
  const code = digit.codePointAt(0);
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((code - zero) % 10);
}

function plainAmount(typed) {
  return typed.replaceAll("\u2800", " ").replace(INVISIBLE, "")
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/[\uffe0\uffe1\uffe5\uffe6]/g, (wide) => WIDE[wide])
    .replace(/[\u066b\u066c\u060c]/g, (separator) => SEPARATORS[separator])
    .replace(/\p{Nd}/gu, plainDigit)
    .replace(/[’‘ʼ]/g, "'").replace(/[−–—]/g, "-")
    .replace(/\s+/g, " ").trim().toLowerCase();
}

// The digits of a number before and after the point, or nothing where it has two meanings or none.
function splitAmount(number, currency, digits) {
  const grouped = GROUPED.exec(number)?.groups;
  const point = grouped && (grouped.group === "." || (grouped.group === "," && POINT_OR_COMMA.includes(currency)));
  const twoWays = point && digits > 0 && grouped.whole.length < 8 && !grouped.point;
  if (grouped && !twoWays) return [grouped.whole.replace(/[^0-9]/g, ""), grouped.part || ""];
  const plain = PLAIN.exec(number)?.groups;
  return plain && !twoWays ? [plain.whole, plain.part || ""] : null;
}

function readAmount(typed, { currency, signs, digits }) {
  const plain = plainAmount(typed);
  const match = plain.length <= 40 && TYPED.exec(plain)?.groups;
  if (!match) return NaN;
  const number = match.number.trim();
  const before = match.before.replaceAll(" ", "").replace(/^[+]/, "");
  const own = new RegExp(`^(?:${signs.map((sign) => sign.replace(/[$.]/g, "\\$&")).join("|")})*$`);
  if (before.includes("-") || (match.rest && !/[.,]$/.test(number))) return NaN;
  if (!own.test(before) || !own.test(match.after.replaceAll(" ", ""))) return NaN;
  const [whole, part] = splitAmount(number, currency, digits) || ["", "x"];
  const decimals = part.replace(/0+$/, "");
  return decimals.length > digits ? NaN : Number(whole + decimals.padEnd(digits, "0"));
}

function readScale(box) {
  const money = new Intl.NumberFormat("en-US", { style: "currency", currency: box.dataset.currency });
  const digits = money.resolvedOptions().maximumFractionDigits;
  const scale = { unit: 10 ** digits, digits, currency: box.dataset.currency, signs: box.dataset.signs.split(" ") };
  for (const mark of ["minimum", "suggested", "maximum"]) scale[mark] = Number(box.dataset[mark]);
  scale.plain = (minor) => (minor / scale.unit).toFixed(minor % scale.unit ? digits : 0);
  scale.say = (minor) => money.format(minor / scale.unit).replace(/[.]0+$/, "");
  return scale;
}

function makeSlider(scale) {
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", className: "amount-slider", min: scale.minimum, max: scale.maximum, step: stepOf(scale) });
  slider.setAttribute("aria-label", "Move along the scale");
  slider.setAttribute("aria-describedby", "f-amount-says");
  return slider;
}

function startAmount(box) {
  const scale = readScale(box);
  const field = box.querySelector("input");
  if (!(scale.minimum < scale.maximum)) return;
  const slider = makeSlider(scale);
  const share = (minor) => (minor - scale.minimum) / (scale.maximum - scale.minimum);

  const show = (minor) => {
    const inside = Math.min(Math.max(minor || scale.minimum, scale.minimum), scale.maximum);
    slider.value = inside;
    slider.style.setProperty("--filled", `${share(inside) * 100}%`);
    slider.setAttribute("aria-valuetext", scale.say(inside));
    box.closest("[data-booking]")?.classList.toggle("is-free", minor === 0);
    const place = placeOf(minor, scale);
    for (const sentence of box.querySelectorAll("[data-place]")) sentence.hidden = sentence.dataset.place !== place;
    for (const mark of box.querySelectorAll("[data-mark]")) mark.classList.toggle("is-here", mark.dataset.mark === place);
  };
  const typed = () => readAmount(field.value, scale);

  slider.addEventListener("input", () => { field.value = scale.plain(Number(slider.value)); show(Number(slider.value)); });
  field.addEventListener("input", () => show(typed()));

  // The outer marks stand at the ends; the middle one where it belongs, but never on top of them.
  const middle = Math.min(Math.max(share(scale.suggested), 0.24), 0.76);
  box.querySelector('[data-mark="suggested"]').style.setProperty("--at", middle);
  box.querySelector('[data-mark="maximum"]').style.setProperty("--at", 1);
  box.querySelector(".amount-line").append(slider);
  box.classList.add("is-live");
  show(typed());
}

function startAmounts(root) {
  for (const box of root.querySelectorAll("[data-amount]:not(.is-live)")) startAmount(box);
}

// --- 3. Sent once ---------------------------------------------------------------------------------------

const RELEASE_AFTER = 8000; // milliseconds; a download leaves its page standing

function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll('button[aria-disabled="true"]')) button.removeAttribute("aria-disabled");
}

function sendOnce(event) {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("data-again")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  form.dataset.sent = "yes";
  // aria-disabled, not disabled: a disabled button would leave its own name and value out of the form.
  event.submitter?.setAttribute("aria-disabled", "true");
  setTimeout(release, RELEASE_AFTER, form);
}

function releaseAll() {
  for (const form of document.querySelectorAll("form[data-sent]")) release(form);
}

// --- 4. Copying -----------------------------------------------------------------------------------------

async function copy(event) {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = before; }, 2000);
  } catch {
    field.select(); // the address is marked, ready for the visitor's own copy command
  }
}

// --- 5. A file that is too large is said before it is sent ----------------------------------------------

function weigh(event) {
  const most = Number(event.target.dataset?.mostBytes);
  if (!most) return;
  const file = event.target.files?.[0];
  const says = file && file.size > most ? `This file is larger than ${most / 1e6} MB. Please choose a smaller one.` : "";
  event.target.setCustomValidity(says);
  event.target.reportValidity();
}

// --- 6. Nothing of one person is left for the next ------------------------------------------------------

// What room.js kept of a room in this tab, and first names that wait on this phone; its taps name nobody, and may still have
// to be sent.
function forgetRooms(event) {
  if (!String(event.target.action).includes("/sign-")) return;
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith("room-page:")) sessionStorage.removeItem(key);
    for (const key of Object.keys(localStorage)) if (/^room:.*:walk-in:/.test(key)) localStorage.removeItem(key);
  } catch { /* a tab that keeps nothing */ }
}

// --- 7. A mail is shown in its frame without being asked for ---------------------------------------------

function showMail() {
  for (const form of document.querySelectorAll("form[data-show]")) form.submit();
}

// --- Start ----------------------------------------------------------------------------------------------

function start() {
  startAmounts(document);
}

rememberZone();
document.addEventListener("DOMContentLoaded", start);
document.addEventListener("DOMContentLoaded", showMail);
document.addEventListener("htmx:after:swap", start);
document.addEventListener("htmx:before:request", () => document.getElementById("interruption")?.replaceChildren());
document.addEventListener("submit", sendOnce, true);
document.addEventListener("submit", forgetRooms);
document.addEventListener("htmx:finally:request", releaseAll);
document.addEventListener("click", copy);
document.addEventListener("change", weigh);
window.addEventListener("pageshow", releaseAll);
