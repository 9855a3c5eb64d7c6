// The tiles of a form's files. What they say are the server's words (templates/files/_words.html); those that are up come
// from the server whole (templates/files/_upload.html).
const wordsOfUploads = document.querySelector("#upload-words");
const UNDO_FOR = 30_000; // milliseconds, as for everything else that can be undone at once
const leavers = new Map(); // what was removed and can still be had back: what stands in its place, and the timer

export const areaOf = (element) => element.closest("form")?.querySelector("[data-uploads]") ?? null;
// Those that are not up yet: on their way, waiting for their turn, or cut off.
export const numberless = (area) => [...area.querySelectorAll('[data-state="sending"], [data-state="cut"]')];

// How many of them the text would take along.
export const countOf = (area) => area.querySelectorAll('[name="uploads"], [data-state="sending"], [data-state="cut"]').length;

export function putTile(area, state, name, values = {}) {
  const tile = document.createElement("li");
  tile.className = "upload";
  showTile(tile, state, name, values);
  area.querySelector(".uploads").append(tile);
  return tile;
}

// Let a tile be in `state`; {name} and the names of `values` stand for what they say.
export function showTile(tile, state, name, values = {}) {
  tile.dataset.state = state;
  tile.classList.toggle("upload--bad", ["cut", "refused"].includes(state));
  tile.classList.toggle("upload--gone", state === "gone");
  tile.replaceChildren(wordsOfUploads.content.querySelector(`[data-state="${state}"]`).content.cloneNode(true));
  for (const [place, value] of Object.entries({ name, ...values })) fillPlaces(tile, place, value);
  tile.querySelector("progress")?.setAttribute("aria-label", name);
}

function fillPlaces(tile, place, value) {
  for (const each of tile.querySelectorAll(`[data-place="${place}"]`)) each.textContent = value;
}

export const wordsFor = (name) => wordsOfUploads.content.querySelector(`[data-words="${name}"]`).content.textContent.trim();

// Readers of screens hear what becomes of a file, and not each step of its way.
export function sayOf(area, name, values) {
  let words = wordsFor(name);
  for (const [place, value] of Object.entries(values)) words = words.replace(`{${place}}`, () => value);
  const said = area.querySelector("[data-said]");
  said.textContent = "";
  setTimeout(() => { said.textContent = words; }, 100); // The same words twice are said twice.
}

// How much of a size is there, as the reader's language writes it and the server too (file_size): 3.2 of 4.1 MB.
export function amounts(sent, size) {
  const isSmall = size < 2 ** 20;
  const digits = isSmall ? 0 : 1;
  const format = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const number = (bytes) => format.format(bytes / (isSmall ? 2 ** 10 : 2 ** 20));
  return { sent: number(sent), size: `${number(size)} ${isSmall ? "kB" : "MB"}` };
}

// What the server says of files that are up, in the place of `tile` or after the others.
export function takeIn(area, html, tile = null) {
  const came = new DOMParser().parseFromString(html, "text/html").querySelectorAll(".upload");
  const tiles = [...came].map((each) => document.adoptNode(each));
  const hadFocus = tile?.contains(document.activeElement);
  if (tile) tile.replaceWith(...tiles);
  else area.querySelector(".uploads").append(...tiles);
  for (const each of tiles) htmx.process(each);
  if (hadFocus) tiles[0]?.querySelector("button, input:not([type=checkbox])")?.focus();
  return tiles;
}

// The form says something else now: a draft keeps that.
export const tellForm = (area) => area.dispatchEvent(new Event("change", { bubbles: true }));

export function removed(tile) {
  const area = areaOf(tile);
  if (tile.dataset.state === "refused") return takeAway(tile);
  const name = tile.querySelector("b").textContent;
  const place = putTile(area, "gone", name);
  tile.replaceWith(place);
  leavers.set(place, { tile, area, timer: setTimeout(() => discard(place), UNDO_FOR) });
  place.querySelector("button").focus();
  sayOf(area, "removed", { name });
  tellForm(area);
}

export function undone(place) {
  const { tile, area, timer } = leavers.get(place);
  clearTimeout(timer);
  leavers.delete(place);
  place.replaceWith(tile);
  tile.querySelector("[data-press=remove]").focus();
  tellForm(area);
}

// For good: a file that somebody chose by mistake does not lie on the server until it is swept.
function discard(place) {
  const { tile, area, timer } = leavers.get(place);
  clearTimeout(timer);
  leavers.delete(place);
  if (place.isConnected) takeAway(place);
  const body = new URLSearchParams({ csrf_token: tokenOf(area) });
  fetch(`${area.dataset.uploads}/${tile.dataset.number}/discarding`, { method: "POST", body, keepalive: true }).catch(() => {});
}

export const tokenOf = (area) => area.closest("form").elements.csrf_token.value;

export const discardAll = () => [...leavers.keys()].forEach(discard);

// Without the tile; the focus goes on to where another file is chosen.
export function takeAway(tile) {
  const area = areaOf(tile);
  const hadFocus = tile.contains(document.activeElement);
  tile.remove();
  if (hadFocus) area.closest("form").querySelector("[data-attach]").focus();
}

export function stopped(tile) {
  const area = areaOf(tile);
  const name = tile.querySelector("b").textContent;
  takeAway(tile); // First, or its end would be told as that of a line that was cut.
  tile.stop?.();
  sayOf(area, "stopped", { name });
}
