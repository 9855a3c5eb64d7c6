import { load, parts } from "./opening.js";

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
  const name = link.closest(".comment").querySelector(".comment__head b").textContent.trim();
  script.quote(editor, parts.quoted.replace("{name}", name), text);
}, true);

function markedIn(element) {
  const prose = element.closest(".comment").querySelector(".prose");
  const selection = getSelection();
  const isWithin = !selection.isCollapsed && prose.contains(selection.anchorNode) && prose.contains(selection.focusNode);
  return isWithin ? selection.toString() : "";
}
