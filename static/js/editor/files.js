// A picture or a file that is pasted or dropped is attached. Pictures that stand in a pasted text are left out, and that is said.
import { line, say, written } from "../drafts/keeping.js";
import { addFiles } from "../uploads/choosing.js";
import { areaOf, wordsFor } from "../uploads/tiles.js";

const UNNAMED = /^image\.(\w+)$/; // What browsers call a picture that has no name, such as a screenshot.
const OVER = "drop-zone--over";

document.addEventListener("leave-out", ({ target, detail: { says = "", files = [] } }) => {
  const area = files.length && areaOf(target);
  const form = written(target);
  if (area) addFiles(area, files.map(named));
  else if (form && says) say(form, "left-out", says);
});
document.addEventListener("keydown", ({ target }) => { line(written(target), "left-out")?.remove(); });

// Text comes before a picture of it, which many programs put beside it (writing.js knows what the editor would take).
document.addEventListener("paste", (event) => {
  const { target, clipboardData } = event;
  const types = target.closest?.("trix-editor") ? ["text/plain", "text/html"] : ["text/plain"];
  if (!clipboardData.files.length || types.some((type) => clipboardData.getData(type))) return;
  if (areaOf(target) || target.closest("textarea[data-editor], trix-editor")) handOver(event, [...clipboardData.files]);
}, true);

function named(file) {
  const [, ending] = UNNAMED.exec(file.name) ?? [];
  if (!ending) return file;
  const time = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }).format();
  return new File([file], `${wordsFor("pasted")} ${time.replace(":", ".")}.${ending}`, file);
}

// A browser would leave the page for a file that is dropped on it.
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files") || event.target.matches?.("input[type=file]")) return;
    const zone = event.target.closest?.("details.writer, form");
    const area = zone?.querySelector("[data-uploads]");
    if (name === "dragover") {
      event.preventDefault();
      if (area) light(zone);
    } else {
      if (area) dim();
      handOver(event, [...event.dataTransfer.files], area);
    }
  }, true);
}

let lit = null;
let dimming = null;

// Nothing says reliably that what was held over a place has gone: while it is there, the browser says so again and again.
function light(zone) {
  if (lit !== zone) dim();
  lit = zone;
  zone.classList.add(OVER);
  clearTimeout(dimming);
  dimming = setTimeout(dim, 250);
}

function dim() {
  lit?.classList.remove(OVER);
  lit = null;
}

function handOver(event, files, area = null) {
  event.preventDefault();
  event.stopPropagation();
  const detail = { files };
  (area ?? event.target).dispatchEvent(new CustomEvent("leave-out", { bubbles: true, detail }));
}
