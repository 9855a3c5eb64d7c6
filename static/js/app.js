// What pages do on their own, beside HTMX. Everything works without it.
"use strict";

const KEPT = "kept:";

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

// A session that ended while somebody wrote: their words wait in this tab until they are back.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, elt } = event.detail;
  // What a page asks for by itself throws nobody out of it.
  if (elt.matches('[hx-trigger="load"]') && xhr.getResponseHeader("HX-Redirect")) return event.preventDefault();
  const form = elt.closest("form");
  if (!form || !xhr.getResponseHeader("HX-Redirect")?.startsWith("/sign-in")) return;
  const fields = [...new FormData(form)].filter(([name]) => !/csrf|password|key/.test(name));
  sessionStorage.setItem(KEPT + location.pathname, JSON.stringify([form.getAttribute("action"), fields]));
});
const kept = sessionStorage.getItem(KEPT + location.pathname);
if (kept) {
  const [action, fields] = JSON.parse(kept);
  const form = document.querySelector(`form[action="${CSS.escape(action)}"]`);
  if (form) {
    for (const [name, value] of fields) {
      for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === value;
        else field.value = value;
      }
    }
    announce("kept");
    form.querySelector("textarea")?.focus();
  } else {
    // It had been opened in place: its address is a page as well.
    if (action !== location.pathname) {
      sessionStorage.setItem(KEPT + action, kept);
      location.assign(action);
    }
  }
  sessionStorage.removeItem(KEPT + location.pathname);
}

// No line: say so, and leave what is typed where it is.
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, () => announce("offline"));
}

function announce(name) {
  const words = document.querySelector(`template[data-announcement="${name}"]`);
  document.querySelector("#announcements")?.replaceChildren(words.content.cloneNode(true));
}
