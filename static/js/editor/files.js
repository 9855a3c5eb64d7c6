// Only text can be written. A picture or a file that is pasted or dropped is not taken, and that is said beside the field.
import { line, say, written } from "../drafts/keeping.js";

const FIELDS = "textarea[data-editor], trix-editor";

document.addEventListener("leave-out", ({ target, detail }) => {
  const form = written(target);
  if (form) say(form, "left-out", detail);
});
document.addEventListener("keydown", ({ target }) => { line(written(target), "left-out")?.remove(); });

document.addEventListener("paste", (event) => {
  const { target, clipboardData } = event;
  const field = target.closest?.(FIELDS);
  const types = field?.matches("textarea") ? ["text/plain"] : ["text/plain", "text/html"];
  if (field && clipboardData.files.length && !types.some((type) => clipboardData.getData(type))) refuse(event);
}, true);

// A browser would leave the page for a file that is dropped on it.
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files") || event.target.matches?.("input[type=file]")) return;
    if (name === "drop") refuse(event);
    else event.preventDefault();
  }, true);
}

function refuse(event) {
  event.preventDefault();
  event.stopPropagation();
  event.target.dispatchEvent(new CustomEvent("leave-out", { bubbles: true, detail: "refused" }));
}
