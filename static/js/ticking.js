// Ticking all rows of a list at once, and how many are ticked. Without it each row has its own box all the same.
function tickingAll() {
  const all = document.querySelector("[data-tick-all]");
  return all ? [all, [...document.querySelectorAll(`input[type="checkbox"][name="${all.dataset.tickAll}"]`)]] : [null, []];
}

function countTicked() {
  const [all, boxes] = tickingAll();
  if (!all) return;
  const ticked = boxes.filter((box) => box.checked).length;
  const box = all.querySelector("input");
  all.hidden = !boxes.length;
  box.checked = ticked > 0 && ticked === boxes.length;
  box.indeterminate = ticked > 0 && ticked < boxes.length;
  for (const told of document.querySelectorAll("[data-ticked]")) told.textContent = told.dataset.ticked.replace("#", ticked);
}

document.addEventListener("change", (event) => {
  const [all, boxes] = tickingAll();
  if (all?.contains(event.target)) for (const box of boxes) box.checked = event.target.checked;
  countTicked();
});
document.addEventListener("htmx:afterSettle", countTicked);
window.addEventListener("pageshow", countTicked);
countTicked();
