// Files go up as soon as they are chosen, dropped or pasted, each under a one-time key of its own. What is up stands in
// the form as a number, so that a draft keeps it and the form itself stays small. Without this script the form takes the
// files along (templates/files/_attach.html).
import "./uploads/asking.js";
import { addFiles } from "./uploads/choosing.js";
import { areaOf, discardAll, numberless, removed, stopped, undone } from "./uploads/tiles.js";
import { isOnItsWay, retry, retryAll, whenAllAreUp } from "./uploads/transfer.js";

document.addEventListener("change", ({ target }) => {
  if (!target.matches?.("input[type=file][data-attach]")) return;
  const files = [...target.files];
  target.value = ""; // The same file can be chosen again, and the form does not take it along.
  addFiles(areaOf(target), files);
});
document.addEventListener("formdata", ({ target, formData }) => {
  if (areaOf(target)) formData.delete("attachments");
});

const PRESSES = { remove: removed, stop: stopped, undo: undone, retry };
document.addEventListener("click", ({ target }) => {
  const button = target.closest("button[data-press]");
  const tile = button?.closest(".upload");
  if (tile) PRESSES[button.dataset.press]?.(tile);
});

// Pressing the button while files are on their way: they go first, and then the text by itself.
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const area = areaOf(form);
  if (!area || !numberless(area).length) return;
  retryAll(area);
  event.preventDefault();
  event.stopImmediatePropagation();
  whenAllAreUp(area, submitter);
}, true);

addEventListener("beforeunload", (event) => { if (isOnItsWay()) event.preventDefault(); });
addEventListener("pagehide", discardAll);
