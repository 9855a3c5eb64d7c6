// What pages do on their own, beside HTMX. Everything works without it.
"use strict";

// The server says where the focus goes after a swap (workspace/web/htmx.py).
document.addEventListener("focus-on", (event) => {
  const target = document.querySelector(event.detail.value);
  if (!target) return;
  if (!target.matches("a, button, input, select, textarea, summary")) target.tabIndex = -1;
  target.focus();
});

// A form that comes back with errors without HTMX takes the focus as well.
document.querySelector("[data-focus]")?.focus();

// Menus close on Esc and on a press outside of them.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// What a page asks for by itself throws nobody out of it.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, elt } = event.detail;
  if (elt.matches('[hx-trigger="load"]') && xhr.getResponseHeader("HX-Redirect")) event.preventDefault();
});

// A text becomes the editor when it is first used; its scripts are fetched then.
let writing = null;
const parts = document.querySelector("#writing")?.dataset;
function load() {
  writing ??= import(parts.script).then((script) => script.prepared(parts.editor, atRest));
  return writing.catch(() => { writing = null; }); // A plain field does as well.
}
document.addEventListener("focusin", async ({ target }) => {
  if (!parts || !target.matches?.("textarea[data-editor]")) return;
  (await load())?.open(target);
});

// A pause: no key and no press for half a second, and no composition (IME) that is still open.
const PAUSE = 500;
let typedAt = -PAUSE;
let isComposing = false;
for (const name of ["keydown", "keyup", "input", "compositionstart", "compositionend", "pointerdown", "pointerup"]) {
  document.addEventListener(name, (event) => {
    typedAt = performance.now();
    if (event instanceof CompositionEvent) isComposing = name === "compositionstart";
  }, true);
}
async function atRest() {
  const left = () => (isComposing ? PAUSE : typedAt + PAUSE - performance.now());
  while (left() > 0) await new Promise((done) => { setTimeout(done, left()); });
}

// Quote what is marked in a comment, or all of it. A press on the link may take the mark away: it is read before.
const QUOTING = '.comment a[href^="?quote="]';
let marked = "";
document.addEventListener("pointerdown", ({ target }) => { marked = target.closest(QUOTING) ? markedIn(target) : ""; }, true);
document.addEventListener("click", async (event) => {
  const link = event.target.closest(QUOTING);
  const field = link && document.querySelector("#comment-form textarea[data-editor]");
  if (!field || !parts || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation(); // What HTMX does with a link.
  const text = marked || markedIn(link) || link.closest(".comment").querySelector(".prose").innerText;
  const script = await load();
  const editor = await script?.open(field);
  if (!editor) return location.assign(link.href);
  script.quote(editor, text);
}, true);

function markedIn(element) {
  const prose = element.closest(".comment").querySelector(".prose");
  const selection = getSelection();
  const isWithin = !selection.isCollapsed && prose.contains(selection.anchorNode) && prose.contains(selection.focusNode);
  return isWithin ? selection.toString() : "";
}

// Copy the address of a post or a comment. Without a script there is nothing to press, so a comment gets its button here.
function addCopying(root) {
  const button = document.querySelector("template[data-copying]")?.content;
  if (!button) return;
  for (const acts of root.querySelectorAll(".comment__acts:not(:has([data-copy]))")) acts.append(button.cloneNode(true));
}
addCopying(document);
document.addEventListener("htmx:afterSettle", () => addCopying(document));
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  const address = button.dataset.copy || button.closest(".comment").querySelector("a:has(time)").href;
  await navigator.clipboard.writeText(new URL(address, location.href).href);
  announce("copied");
});

// No line: say so, and leave what is typed where it is. A text that is kept as a draft is sent again (drafts.js).
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, ({ target }) => {
    if (!target.matches("[data-draft]")) announce("offline");
  });
}

function announce(name) {
  const words = document.querySelector(`template[data-announcement="${name}"]`);
  document.querySelector("#announcements")?.replaceChildren(words.content.cloneNode(true));
}
