// The last number of each of my partnerships: from the stream, or asked for; shared between the tabs.
import { isOver, leave } from "./leaving.js";
import { catchUp, fetchUpdates, page, rendered, shows } from "./updates.js";
import { countWaiting } from "./waiting_count.js";

export const SECOND = 1000;
export const ASKED_EVERY = 20 * SECOND;
// A stream says something when it begins, and then every 15 seconds.
const LONGEST_BEGINNING = 8 * SECOND;
const LONGEST_SILENCE = 40 * SECOND;
const TRIED_AGAIN_AFTER = [2, 5, 15, 60].map((seconds) => seconds * SECOND);

export const known = new Map(); // the last numbers, as far as this tab has heard
export const baseline = new Map(); // what this tab heard first, for partnerships whose numbers the page does not name

const channel = new BroadcastChannel("live");
let resign = null;
let source = null;
let silence = null;
let asking = null;
let tries = 0;

export function lead() {
  if (resign || isOver || document.hidden) return;
  const giveUp = new AbortController();
  resign = () => giveUp.abort();
  navigator.locks
    .request("live", { signal: giveUp.signal }, () => new Promise((done) => {
      resign = () => { disconnect(); done(); };
      connect();
    }))
    .catch(() => {});
}

// A hidden tab rests; one that is seen takes over.
export function rest() {
  resign?.();
  resign = null;
}

function connect() {
  source = new EventSource("/live");
  for (const name of ["all", "message", "out", "beat", "over"]) {
    source.addEventListener(name, ({ data }) => {
      tries = 0;
      stopAsking();
      listen(LONGEST_SILENCE);
      if (name !== "beat") share(name, name === "over" ? null : JSON.parse(data));
    });
  }
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) lose();
    else listen(LONGEST_BEGINNING); // The browser tries again by itself, and says what it was told last.
  });
  listen(LONGEST_BEGINNING);
}

function listen(longest) {
  clearTimeout(silence);
  silence = setTimeout(lose, longest);
}

// Full, cut, or held back on the way: ask instead, and try again later.
function lose() {
  close();
  ask();
  asking ??= setInterval(ask, ASKED_EVERY);
  silence = setTimeout(connect, TRIED_AGAIN_AFTER[Math.min(tries, TRIED_AGAIN_AFTER.length - 1)] * (1 + Math.random() / 4));
  tries += 1;
}

function close() {
  clearTimeout(silence);
  source?.close();
  source = null;
}

function disconnect() {
  close();
  stopAsking();
}

async function ask() {
  const answer = await fetch("/live/numbers", { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.status === 204) share("over", null);
  else if (answer?.ok) share("all", await answer.json());
}

function stopAsking() {
  clearInterval(asking);
  asking = null;
}

function share(name, said) {
  channel.postMessage([name, said]);
  hear(name, said);
}

channel.addEventListener("message", ({ data: [name, said] }) => {
  if (name === "hello") {
    if (source || asking) channel.postMessage(["message", Object.fromEntries(known)]);
  } else hear(name, said);
});

function hear(name, said) {
  if (isOver) return;
  if (name === "over") return leave("over");
  if (name === "out") {
    for (const partnership of said) {
      known.delete(partnership);
      if (partnership === shows()) leave("out");
    }
    if (page()?.matches("[data-of-all]")) location.reload();
    return countWaiting();
  }
  for (const [partnership, number] of Object.entries(said)) note(Number(partnership), number);
  // Somebody who is in it no more; the server says so for certain.
  if (name === "all" && [...rendered().keys()].some((each) => !(each in said))) shows() ? fetchUpdates() : location.reload();
  catchUp();
}

function note(partnership, number) {
  if (!baseline.has(partnership)) baseline.set(partnership, number);
  else if (number > (known.get(partnership) ?? 0)) countWaiting();
  known.set(partnership, Math.max(number, known.get(partnership) ?? 0));
}

// Ask the other tabs what they have heard.
export function greet() {
  channel.postMessage(["hello"]);
}
