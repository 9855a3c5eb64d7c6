import { announce } from "./announcements.js";

// What a page asks for by itself throws nobody out of it.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, elt } = event.detail;
  if (elt.matches('[hx-trigger="load"]') && xhr.getResponseHeader("HX-Redirect")) event.preventDefault();
});

// No line: say so, and leave what is typed where it is. A text that is kept as a draft is sent again (drafts/sending.js).
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, ({ target }) => {
    if (!target.matches("[data-draft]")) announce("offline");
  });
}
