// The marks of this visit, which ends when nothing has been opened for half an hour. "7-23" is a text of partnership 7.
import { page, shows } from "../live/updates.js";

const VISIT = 30 * 60 * 1000; // milliseconds
const MOST_MARKS = 500;
const MARK_PLACES = {
  "article[id^=comment-]": ".comment__head",
  "article[id^=post-]": ".post__head",
  "li[id^=challenge-]": ".row",
  "li[id^=e][id$=-item]": ".feed-row__time",
};

export function keepMarks() {
  const marks = visitMarks();
  for (const [texts, places] of Object.entries(MARK_PLACES)) {
    for (const text of document.querySelectorAll(texts)) {
      const place = text.querySelector(places);
      const mark = place?.querySelector(":scope > .new");
      if (mark) marks.add(keyOf(text));
      else if (place && marks.has(keyOf(text)) && !text.matches(".is-withdrawn")) place.insertBefore(newMark(), place.querySelector(":scope > .menu"));
    }
  }
  keepVisit(marks);
}

function newMark() {
  const mark = document.createElement("span");
  mark.className = "new";
  mark.textContent = page().dataset.mark;
  return mark;
}

export function forgetMarks() {
  keepVisit(new Set());
}

function keyOf({ id }) {
  const [, partnership, number] = id.match(/^e(\d+)-(\d+)-item$/) ?? [];
  return partnership ? `${partnership}-${number}` : `${shows()}-${id.split("-")[1]}`;
}

function visitMarks() {
  try {
    const { person, at, marks } = JSON.parse(sessionStorage.getItem("visit"));
    if (person === document.body.dataset.person && Date.now() - at < VISIT) return new Set(marks);
  } catch { /* Nothing is kept, or nothing can be. */ }
  return new Set();
}

function keepVisit(marks) {
  const visit = { person: document.body.dataset.person, at: Date.now(), marks: [...marks].slice(-MOST_MARKS) };
  try {
    sessionStorage.setItem("visit", JSON.stringify(visit));
  } catch { /* Then they last as long as the page. */ }
}
