// What is wrong with a file is said before it is sent, as far as its name and its size show it. The server looks inside.
import { countOf, sayOf, putTile, wordsFor } from "./tiles.js";
import { begin } from "./transfer.js";

const MACROS = /\.(?:xls|doc|ppt)m$/;
const DRAWING = /\.svgz?$/; // It is an image/*, but it may hold a program.

export function addFiles(area, files) {
  openUp(area);
  for (const file of files) {
    const fault = faultOf(area, file);
    if (!fault) begin(area, file);
    else {
      putTile(area, "refused", file.name, { why: wordsFor(fault) });
      sayOf(area, "refused", { name: file.name, why: wordsFor(fault) });
    }
  }
}

function faultOf(area, file) {
  const { largest, most, accept } = area.dataset;
  const name = file.name.toLowerCase();
  if (countOf(area) >= most) return "too-many";
  if (!file.size) return "empty";
  if (file.type.startsWith("video/")) return "video";
  if (MACROS.test(name)) return "macros";
  if (DRAWING.test(name) || !accept.split(",").some((kind) => isOfKind(kind.trim(), name, file.type))) return "kind";
  return file.size > largest ? "too-large" : "";
}

const isOfKind = (kind, name, type) => (kind.startsWith(".") ? name.endsWith(kind) : type.startsWith(kind.replace("*", "")));

// Files may come to a composer that is folded, or in which nothing is chosen yet.
function openUp(area) {
  const fold = area.closest("details");
  if (fold) fold.open = true;
  const kinds = [...area.closest("form").querySelectorAll("[name=kind]")];
  if (kinds.length && !kinds.some(({ checked }) => checked)) kinds[0].checked = true;
}
