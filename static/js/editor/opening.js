import { atRest } from "./rest.js";

// A text becomes the editor when it is first used; its scripts are fetched then.
let writing = null;
export const parts = document.querySelector("#writing")?.dataset;
export function load() {
  writing ??= import(parts.script).then((script) => script.prepared(parts.editor, atRest));
  return writing.catch(() => { writing = null; }); // A plain field does as well.
}
document.addEventListener("focusin", async ({ target }) => {
  if (!parts || !target.matches?.("textarea[data-editor]")) return;
  (await load())?.open(target);
});
