// A draft knows its files by their numbers: the server has them, or has them no more.
import { areaOf, putTile, takeIn, tellForm } from "./tiles.js";

// Let the form have the files of a draft: what `fields` says of them counts at once, how they look is fetched.
export async function fetchTiles(form, fields) {
  const area = areaOf(form);
  const here = [...form.querySelectorAll("[name=uploads]")].map(({ value }) => value);
  const numbers = fields.filter(([name, value]) => name === "uploads" && !here.includes(value)).map(([, value]) => value);
  if (!area || !numbers.length) return;
  const tiles = numbers.map((number) => placeholder(area, number, fields));
  const query = new URLSearchParams(numbers.map((number) => ["upload", number]));
  const answer = await fetch(`${area.dataset.uploads}/uploads?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok || answer.redirected || !form.isConnected) return; // They are sent by their numbers all the same.
  takeIn(area, await answer.text());
  for (const tile of tiles) tile.remove();
  for (const [name, value] of fields) if (name.startsWith("alt-") && form.elements[name]) form.elements[name].value = value;
  tellForm(area);
}

function placeholder(area, number, fields) {
  const tile = putTile(area, "drafted", "");
  for (const [name, value] of fields) {
    if ((name === "uploads" && value === number) || name === `alt-${number}`) {
      tile.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
  }
  return tile;
}
