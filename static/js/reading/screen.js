// What stands on the screen. A card says by data-read="17:23" which post it shows, and up to which entry.
import { BY_ITSELF, page, shows } from "../live/updates.js";
import { takeToken } from "../tokens.js";
import { showUnread } from "./counts.js";

const LONG_ENOUGH = 800; // milliseconds
const TOGETHER = 400;

const standing = new Map();
const readCards = new Map(); // posts that have stood there, up to which entry
let readThread = 0; // the last comment that has
let sendingRead = null;

const observer = new IntersectionObserver(lookAt, { threshold: [0, 0.25, 0.5, 0.75, 1] });

export function watchAll() {
  for (const card of document.querySelectorAll("[data-read]")) watch(card);
}

// Observed anew, so that what stands there already is looked at.
export function watch(element) {
  observer.unobserve(element);
  observer.observe(element);
}

function lookAt(entries) {
  for (const { target, isIntersecting, intersectionRatio, intersectionRect } of entries) {
    const stands = isIntersecting && !document.hidden && (intersectionRatio >= 0.5 || intersectionRect.height >= innerHeight / 2);
    if (!stands) stopTimer(target);
    else if (!standing.has(target)) standing.set(target, setTimeout(() => noteRead(target), LONG_ENOUGH));
  }
}

function stopTimer(element) {
  clearTimeout(standing.get(element));
  standing.delete(element);
}

function noteRead(element) {
  standing.delete(element);
  if (document.hidden || !element.isConnected) return;
  observer.unobserve(element);
  const [post, number] = (element.dataset.read ?? "").split(":").map(Number);
  if (number) readCards.set(post, Math.max(number, readCards.get(post) ?? 0));
  else readThread = Math.max(readThread, Number(element.id.split("-")[1]));
  delete element.dataset.read;
  sendingRead ??= setTimeout(sendRead, TOGETHER);
}

// What can't be sent is sent with the next.
export async function sendRead() {
  clearTimeout(sendingRead);
  sendingRead = null;
  const { seen, post } = page()?.dataset ?? {};
  if (!seen) return;
  if (readCards.size) {
    const cards = [...readCards];
    readCards.clear();
    if (!(await sendSeen(seen, { cards: cards.map((pair) => pair.join(":")).join(",") }))) for (const [key, number] of cards) readCards.set(key, number);
  }
  if (readThread && post) {
    const number = readThread;
    readThread = 0;
    if (!(await sendSeen(seen, { post, number }))) readThread = Math.max(readThread, number);
  }
}

async function sendSeen(seen, said) {
  const headers = { ...BY_ITSELF, "HX-Request": "true", ...JSON.parse(document.body.getAttribute("hx-headers")) };
  const answer = await fetch(seen, { method: "POST", keepalive: true, headers, body: new URLSearchParams(said) }).catch(() => null);
  if (answer && takeToken(answer.headers.get("HX-Trigger"))) return false;
  if (answer?.status !== 200) return answer !== null && answer.status < 500 && answer.status !== 429;
  showUnread(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("unread"), shows());
  return true;
}
