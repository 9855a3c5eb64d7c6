// Sending files, two at a time, with true progress (which `fetch` does not tell). A file that did not arrive is sent
// again under the same key, so that it is there once even if only the answer was lost.
import { amounts, areaOf, tellForm, sayOf, numberless, putTile, showTile, takeIn, tokenOf } from "./tiles.js";
import { takeToken } from "../tokens.js";

const AT_ONCE = 2;
const LATER = [408, 429, 502, 503, 504];
const onTheWay = new Set();
const queued = [];
const waiters = new Map(); // the button that was pressed while the files of an area were on their way

export const isOnItsWay = () => onTheWay.size + queued.length > 0;

export function begin(area, file) {
  const tile = putTile(area, "sending", file.name, amounts(0, file.size));
  Object.assign(tile, { file, key: crypto.randomUUID() });
  enqueue(tile);
  sayOf(area, "sending", { name: file.name });
}

export function retry(tile) {
  if (tile.dataset.state !== "cut") return;
  showTile(tile, "sending", tile.file.name, amounts(0, tile.file.size));
  tile.querySelector("button").focus();
  enqueue(tile);
}

export const retryAll = (area) => numberless(area).forEach(retry);

function enqueue(tile) {
  tile.stop = () => queued.splice(queued.indexOf(tile), 1);
  queued.push(tile);
  sendNext();
}

function sendNext() {
  while (queued.length && onTheWay.size < AT_ONCE) sendFile(queued.shift());
}

function sendFile(tile) {
  const { file, key } = tile;
  const area = areaOf(tile);
  if (!area) return; // Its form has gone meanwhile.
  const request = new XMLHttpRequest();
  const body = new FormData();
  body.set("csrf_token", tokenOf(area));
  body.set("one_time_key", key);
  body.set("file", file);
  tile.stop = () => request.abort();
  request.upload.addEventListener("progress", ({ loaded, total }) => tellProgress(tile, Math.min(1, loaded / total) * file.size));
  request.addEventListener("loadend", () => {
    onTheWay.delete(tile);
    sendNext();
    if (tile.isConnected) settleFile(tile, request);
    else goOnWith(area, tile); // It was stopped: a text that waited for it goes without.
  });
  onTheWay.add(tile);
  request.open("POST", area.dataset.uploads);
  request.setRequestHeader("HX-Request", "true");
  request.send(body);
}

function tellProgress(tile, sent) {
  const { size } = tile.file;
  const bar = tile.querySelector("progress");
  if (!bar) return;
  bar.value = sent / size;
  const words = amounts(sent, size);
  for (const place of ["sent", "size"]) tile.querySelector(`[data-place=${place}]`).textContent = words[place];
}

function settleFile(tile, request) {
  const area = areaOf(tile);
  const { status, responseText } = request;
  const { name } = tile.file;
  if (status === 200) {
    takeIn(area, responseText, tile);
    sayOf(area, "sent", { name });
    tellForm(area);
  } else if (!status || LATER.includes(status)) {
    showTile(tile, "cut", name, amounts(0, tile.file.size));
    sayOf(area, "cut", { name });
  } else if (!tile.isSentAnew && takeToken(request.getResponseHeader("HX-Trigger")) && area.isConnected) {
    tile.isSentAnew = true;
    return enqueue(tile);
  } else if (status < 300) {
    area.dispatchEvent(new Event("session-over", { bubbles: true })); // What is written is set aside (drafts/sending.js).
    return location.assign(request.getResponseHeader("HX-Redirect"));
  } else {
    const why = new DOMParser().parseFromString(responseText, "text/html").body.textContent.trim();
    showTile(tile, "refused", name, { why });
    sayOf(area, "refused", { name, why });
  }
  return goOnWith(area, tile);
}

// Press `button` once everything of the area is up; a file that is cut off or refused meanwhile keeps the text here.
export function whenAllAreUp(area, button) {
  waiters.set(area, button);
  area.querySelector("[data-waits]").hidden = false;
}

function goOnWith(area, tile) {
  if (!waiters.has(area) || (!isWrong(tile) && numberless(area).length)) return;
  const button = waiters.get(area);
  waiters.delete(area);
  area.querySelector("[data-waits]").hidden = true;
  if (isWrong(tile)) tile.querySelector("button").focus();
  else if (button?.isConnected) button.click();
  else area.closest("form").requestSubmit();
}

const isWrong = ({ isConnected, dataset }) => isConnected && ["cut", "refused"].includes(dataset.state);
