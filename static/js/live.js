// What others do is here within a second. One tab of the browser holds the stream of numbers for all of them; each
// visible tab then fetches what it shows itself. Without a stream the numbers are asked for every 20 seconds.
import { firstOffered, showOffer } from "./live/display.js";
import { greet, lead, rest } from "./live/numbers.js";
import { catchUp, page } from "./live/updates.js";

if (page() && navigator.locks) {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return rest();
    greet();
    lead();
    catchUp();
  });
  // What I have just shared may have come here by the stream before the answer to it.
  document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target, fragment } }) => {
    for (const { id } of fragment.children) if (id && id !== target.id) target.querySelector(`#${id}`)?.remove();
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const first = detail.requestConfig?.elt.closest("#fresh") && firstOffered();
    showOffer();
    first?.querySelector(":is(h3, h4) a")?.focus();
  });
  greet();
  lead();
}
