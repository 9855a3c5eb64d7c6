// A choice that is sent once it is made. By keyboard that is with Enter or by going on: the arrows only look through it.
const SENT_AT_ONCE = 'select[hx-trigger="chosen"]';
const ONE_STROKE = 100; // milliseconds from a key to the change that it makes
let keyedAt = -ONE_STROKE;
let unsent = null;

document.addEventListener("keydown", (event) => {
  if (!event.target.matches(SENT_AT_ONCE)) return;
  if (event.key !== "Enter") keyedAt = event.timeStamp;
  else if (unsent === event.target) {
    event.preventDefault();
    sendChoice();
  }
});
document.addEventListener("change", ({ target, timeStamp }) => {
  if (!target.matches(SENT_AT_ONCE)) return;
  unsent = target;
  if (timeStamp - keyedAt > ONE_STROKE) sendChoice();
});
document.addEventListener("focusout", ({ target }) => { if (target === unsent && document.hasFocus()) sendChoice(); });

function sendChoice() {
  const select = unsent;
  unsent = null;
  if (!select.selectedOptions[0].defaultSelected) htmx.trigger(select, "chosen");
}
