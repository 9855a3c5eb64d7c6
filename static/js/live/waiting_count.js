// What waits for me and how many notices are new, in the top bar. A hidden tab counts when it is seen again.
import { isOver } from "./leaving.js";
import { SECOND } from "./numbers.js";
import { BY_ITSELF } from "./updates.js";

let counted = 0;
let counting = null;
let isDue = false;
export function countWaiting() {
  const place = document.querySelector("#waiting-count[hx-get]");
  if (!place || counting) return;
  counting = setTimeout(() => {
    counting = null;
    isDue = document.hidden;
    if (isDue || isOver) return;
    counted = Date.now();
    htmx.ajax("GET", "/waiting", { target: place, swap: "innerHTML", headers: BY_ITSELF });
  }, Math.max(0, counted + 5 * SECOND - Date.now()));
}

document.addEventListener("visibilitychange", () => {
  if (isDue && !document.hidden) countWaiting();
});
