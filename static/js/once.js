// A press that is repeated before its answer is there sends a form once: the second answer would hide the first, and say
// that it has been done already. HTMX and files keep to that themselves. It lasts no longer than somebody waits, for
// nothing tells a page that its answer was stopped.
const LONGEST_WAIT = 10_000; // milliseconds
let sentForms = new WeakMap();

document.addEventListener("submit", (event) => {
  const { target: form, defaultPrevented } = event;
  if (defaultPrevented || form.getAttribute("method") !== "post") return;
  if (performance.now() - sentForms.get(form) < LONGEST_WAIT) event.preventDefault();
  else sentForms.set(form, performance.now());
});
addEventListener("pageshow", () => { sentForms = new WeakMap(); }); // Also one that the browser brings back as it was.
