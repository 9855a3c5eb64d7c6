import { atRest } from "./rest.js";

// A text becomes the editor when it is first used; its scripts are fetched then.
let writing = null;
export const parts = document.querySelector("#writing")?.dataset;
export function load() {
  writing ??= import(parts.script).then((script) => script.prepared(parts.editor, atRest));
  return writing.catch(() => { writing = null; }); // A plain field does as well.
}
async function use(field) {
  if (!parts || !field?.matches?.("textarea[data-editor]")) return;
  (await load())?.open(field);
}
document.addEventListener("focusin", ({ target }) => use(target));
// "Comment" on a card leads to the form.
addEventListener("load", () => {
  if (location.hash === "#comment-form") document.querySelector("#comment-form textarea")?.focus();
});
use(document.activeElement); // A page may begin with the focus in a text.
