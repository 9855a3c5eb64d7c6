// What waits for me, in the top bar.
import { isOver } from "./leaving.js";
import { SECOND } from "./numbers.js";

let counted = 0;
let counting = null;
export function countWaiting() {
  const place = document.querySelector("#waiting-count[hx-get]");
  if (!place || counting) return;
  counting = setTimeout(() => {
    counting = null;
    counted = Date.now();
    if (!document.hidden && !isOver) htmx.ajax("GET", "/waiting", { target: place, swap: "innerHTML" });
  }, Math.max(0, counted + 5 * SECOND - Date.now()));
}
