// What pages do on their own, beside HTMX. Everything works without it.
"use strict";

// The server says where the focus goes after a swap (workspace/htmx.py).
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
const parts = document.querySelector("#editor")?.dataset;
function load() {
  writing ??= import(parts.writing);
  return writing.catch(() => { writing = null; }); // A plain field does as well.
}
document.addEventListener("focusin", async ({ target }) => {
  if (!parts || !target.matches?.("textarea[data-editor]")) return;
  (await load())?.open(target);
});

// Quote what is marked in a comment, or all of it.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-quote]");
  const field = link && document.querySelector("#comment-form textarea[data-editor]");
  if (!field || !parts || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const prose = link.closest(".comment").querySelector(".prose");
  const marked = getSelection();
  const isWithin = !marked.isCollapsed && prose.contains(marked.anchorNode) && prose.contains(marked.focusNode);
  const text = isWithin ? marked.toString() : prose.innerText;
  const { open, quote } = (await load()) ?? {};
  if (!open) return location.assign(link.href);
  quote(await open(field), text);
});

// Copy the address of a post or a comment.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy ? new URL(button.dataset.copy, location.href).href : button.closest(".comment").querySelector("a:has(time)").href);
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
