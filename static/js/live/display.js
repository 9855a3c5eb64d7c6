// What has come is shown without disturbing anybody.
import { addCopying } from "../copying.js";
import { keepMarks } from "../reading/marks.js";
import { watch, watchAll } from "../reading/screen.js";

const IN_USE = "textarea, trix-editor, select, input:not([type=hidden])";

export function showUpdates(came) {
  addCopying(came); // What is the same stays, and so does the focus in it.
  steadily(() => {
    for (const part of came.querySelectorAll("[data-live]")) {
      const mine = document.getElementById(part.id);
      if (!mine) continue;
      if (part.dataset.live === "add") addItems(mine, part);
      else if (part.dataset.live === "offer") offerItems(mine, part);
      else if (part.dataset.live === "say") tell(part.textContent.trim());
      else morph(mine, part);
    }
    if (came.title) document.title = came.title;
    keepMarks();
  });
  watchAll();
}

const items = (list) => list.querySelectorAll(":scope > :is(article, div, li)[id], :scope > ol > li[id]");

// New ones stand where they stand in what came; those that have changed change.
function addItems(list, came) {
  let next = null;
  for (const item of [...items(came)].reverse()) {
    const mine = document.getElementById(item.id);
    if (mine) morph(mine, item);
    else {
      if (next) next.before(item);
      else list.append(item);
      htmx.process(item);
      watch(item);
    }
    next = document.getElementById(item.id);
  }
}

// New ones are offered, for a list would jump; those that have changed change in their place.
const offered = new Set();
function offerItems(list, came) {
  for (const item of items(came)) {
    const mine = document.getElementById(item.id);
    if (mine) morph(mine, item);
    else offered.add(item.id);
  }
  showOffer();
}

// Of those that are shown now: not what is pinned above them.
export const firstOffered = () => document.querySelector([...offered].map((id) => `#${CSS.escape(id)}`).join() || null);

export function showOffer() {
  const fresh = document.getElementById("fresh");
  if (!fresh) return;
  for (const id of offered) if (document.getElementById(id)) offered.delete(id);
  const { one, many } = fresh.dataset;
  const words = offered.size === 1 ? one : many.replace("{number}", offered.size);
  fresh.hidden = !offered.size;
  if (fresh.hidden || fresh.querySelector("[data-words]").textContent === words) return;
  fresh.querySelector("[data-words]").textContent = words;
  tell(words);
}

function isInUse(element) {
  return element.matches("form") || element.querySelector(IN_USE) !== null;
}

function morph(mine, came) {
  if (mine.isEqualNode(came) || (isInUse(mine) && mine.id !== "live")) return;
  const open = [...mine.querySelectorAll("details[open]")];
  const focused = document.activeElement;
  // What somebody has opened to choose from or to read stays open, with what it says, until they close it.
  const isOpened = (element) => element.matches?.(".acts, .comment__acts") && element.querySelector(".reactions, .followers ul");
  const isKept = (name, element) => (name === "open" && open.includes(element)) || (name === "tabindex" && element === focused);
  Idiomorph.morph(mine, came, { callbacks: {
    beforeNodeMorphed: (element) => !isOpened(element),
    beforeAttributeUpdated: (name, element) => !isKept(name, element),
  } });
  const now = document.getElementById(came.id);
  if (now) htmx.process(now);
}

// What is being read or written stays where it is on the screen.
function steadily(change) {
  const root = document.documentElement;
  const held = anchor();
  const before = held?.getBoundingClientRect().top;
  root.style.overflowAnchor = "none";
  change();
  if (held?.isConnected) scrollBy({ top: held.getBoundingClientRect().top - before, behavior: "instant" });
  requestAnimationFrame(() => { root.style.overflowAnchor = ""; });
}

function anchor() {
  const focused = document.activeElement;
  const isSeen = ({ top, bottom }) => bottom > 0 && top < innerHeight;
  if (focused?.closest("main") && focused.id !== "content" && isSeen(focused.getBoundingClientRect())) return focused;
  if (scrollY === 0) return null;
  const parts = document.querySelectorAll("main :is(article, section, form, h1, h2, h3, p, li)");
  return [...parts].find((part) => part.getBoundingClientRect().top >= 0) ?? null;
}

function tell(words) {
  const said = document.getElementById("said");
  if (!words || !said) return;
  said.textContent = "";
  setTimeout(() => { said.textContent = words; }, 100); // The same words twice are said twice.
}
