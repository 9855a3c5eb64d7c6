// What this page shows is fetched when something came after what was rendered.
import { showUpdates } from "./display.js";
import { isOver, leave } from "./leaving.js";
import { ASKED_EVERY, baseline, known, SECOND } from "./numbers.js";

const REST = 500; // milliseconds
export const BY_ITSELF = { "X-Background": "true" }; // No use of the session (workspace/request_guard.py).
export const page = () => document.getElementById("live");
export const shows = () => Number(page().dataset.partnership);

let isFetching = false;
let hasMissed = false;
let failures = 0;

export function rendered() {
  const pairs = (page()?.dataset.numbers ?? "").split(",").filter(Boolean);
  return new Map(pairs.map((pair) => pair.split(":").map(Number)));
}

// Something came after what the page was rendered with, in what it shows: a partnership, or all of mine.
function isBehind() {
  const numbers = rendered();
  const concerned = shows() ? [[shows(), known.get(shows()) ?? 0]] : [...known];
  return page()?.dataset.numbers !== undefined
    && concerned.some(([each, number]) => number > (numbers.get(each) ?? baseline.get(each) ?? Infinity));
}

export function catchUp() {
  if (!document.hidden && !isOver && isBehind()) fetchUpdates();
}

export async function fetchUpdates() {
  if (isFetching) return void (hasMissed = true);
  isFetching = true;
  hasMissed = false;
  const heard = new Map(known);
  const done = await fetchOnce();
  failures = done ? 0 : failures + 1;
  if (done) for (const [each, number] of heard) baseline.set(each, number);
  setTimeout(() => {
    isFetching = false;
    if (hasMissed || failures) catchUp();
  }, done ? REST : Math.min(2 ** failures * SECOND, ASKED_EVERY));
}

async function fetchOnce() {
  const { news } = page().dataset;
  const address = new URL(news || location.href, location.href);
  for (const [name, value] of new URLSearchParams(location.search)) address.searchParams.set(name, value);
  if (news) address.searchParams.set("after", rendered().get(shows()));
  const signal = AbortSignal.timeout?.(ASKED_EVERY); // A line that is gone says nothing.
  const answer = await fetch(address, { signal, headers: { ...BY_ITSELF, ...news && { "HX-Request": "true" } } }).catch(() => null);
  if (!answer || isOver) return false;
  if (answer.status === 404) leave("out");
  else if (answer.status === 204 || answer.redirected) leave("over");
  else if (!answer.ok) return false;
  else if (news === page().dataset.news) showUpdates(new DOMParser().parseFromString(await answer.text(), "text/html"));
  return true;
}
