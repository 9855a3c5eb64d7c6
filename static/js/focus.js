// The server says where the focus goes after a swap (workspace/web/htmx.py).
document.addEventListener("focus-on", (event) => {
  const target = document.querySelector(event.detail.value);
  if (!target) return;
  if (!target.matches("a, button, input, select, textarea, summary")) target.tabIndex = -1;
  target.focus();
});

// Where it says nothing and what had the focus is gone, what came in its place has it: its heading, or what comes first.
let hadFocus = false;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  hadFocus = detail.target.contains(document.activeElement) && !detail.xhr.getResponseHeader("HX-Trigger-After-Settle");
});
document.addEventListener("htmx:afterSettle", ({ target }) => {
  const isLost = hadFocus && document.activeElement === document.body;
  hadFocus = false;
  if (!isLost) return;
  const place = target.querySelector("h1, h2, h3") ?? target.querySelector("a[href], button") ?? target;
  if (!place.matches("a, button")) place.tabIndex = -1;
  place.focus();
});

// A form that comes back with errors without HTMX takes the focus as well.
document.querySelector("[data-focus]")?.focus();
