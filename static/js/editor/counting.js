// How much room is left in a text, once it gets near to its limit. It is read, not announced: that would be at each key.
const writingWords = document.querySelector("#writing");
const longest = Number(writingWords?.dataset.longest);
const NEAR = 0.8;

for (const name of ["input", "trix-change"]) {
  document.addEventListener(name, ({ target }) => {
    const field = writingWords && target.closest?.("form")?.querySelector("textarea[data-editor]");
    if (field) tellRoom(field.closest(".field"), [...field.value.trim()].length);
  });
}

function tellRoom(place, count) {
  let told = place.querySelector("[data-count]");
  if (count < longest * NEAR) return told?.remove();
  if (!told) {
    told = document.createElement("p");
    told.dataset.count = "";
    place.append(told);
  }
  const isTooLong = count > longest;
  told.className = isTooLong ? "error" : "hint";
  const number = (value) => new Intl.NumberFormat(document.documentElement.lang).format(value);
  told.textContent = writingWords.content.querySelector(`[data-says="${isTooLong ? "too-long" : "count"}"]`).innerHTML
    .replace("{number}", number(isTooLong ? count - longest : count))
    .replace("{longest}", number(longest));
}
