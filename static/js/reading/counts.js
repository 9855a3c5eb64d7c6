// How much is new, in the tab and in the title, here and in the browser's other tabs.
import { fetchUpdates, page, shows } from "../live/updates.js";
import { countWaiting } from "../live/waiting_count.js";

const tabs = new BroadcastChannel("reading");

export function showUnread(unread, partnership) {
  if (!unread) return;
  putUnread(unread);
  tabs.postMessage([partnership, unread.outerHTML]);
}

function putUnread(unread) {
  const mine = document.getElementById("unread");
  if (!mine) return;
  mine.replaceWith(unread.cloneNode(true));
  if (!("counted" in page().dataset)) return;
  const count = Number(unread.dataset.unread);
  document.title = (count ? `(${count}) ` : "") + document.title.replace(/^\(\d+\) /, "");
}

// The page has been opened, and that read something.
export function tellReading() {
  const unread = document.getElementById("unread");
  if (unread && "hasRead" in page().dataset) tabs.postMessage([shows(), unread.outerHTML]);
}

export function hearReading() {
  tabs.addEventListener("message", ({ data: [partnership, html] }) => {
    countWaiting();
    if (shows() === partnership) putUnread(new DOMParser().parseFromString(html, "text/html").getElementById("unread"));
    else if (!shows() && page().dataset.numbers !== undefined && !document.hidden) fetchUpdates();
  });
}
