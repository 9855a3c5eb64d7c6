import { announce, retract } from "./announcements.js";

// What a page asks for by itself throws nobody out of it.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, elt } = event.detail;
  if (elt.matches('[hx-trigger^="load"]') && xhr.getResponseHeader("HX-Redirect")) event.preventDefault();
});

// No line: somebody who asked for something is told, until an answer comes. What is typed stays where it is; a text that
// is kept as a draft is sent again (drafts/sending.js). What the page asks for by itself fails without a word.
const begun = new WeakMap();
let failed = 0;
document.addEventListener("htmx:beforeSend", ({ detail }) => begun.set(detail.xhr, performance.now()));
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, ({ target, detail }) => {
    if (target.matches("[data-draft]") || !detail.requestConfig.triggeringEvent?.isTrusted) return;
    failed = performance.now();
    announce(isTypedIn(target.closest("form")) ? "offline" : "unreachable");
  });
}
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  // The answer to what was asked before says nothing of the line as it is now.
  if (detail.xhr.status && begun.get(detail.xhr) > failed) retract("offline", "unreachable");
});
addEventListener("online", () => retract("offline", "unreachable"));

function isTypedIn(form) {
  const fields = [...(form?.querySelectorAll("textarea, input:not([type=hidden])") ?? [])];
  return fields.some(({ value, defaultValue }) => value !== defaultValue);
}
