// The server says where the focus goes after a swap (workspace/web/htmx.py).
document.addEventListener("focus-on", (event) => {
  const target = document.querySelector(event.detail.value);
  if (!target) return;
  if (!target.matches("a, button, input, select, textarea, summary")) target.tabIndex = -1;
  target.focus();
});

// A form that comes back with errors without HTMX takes the focus as well.
document.querySelector("[data-focus]")?.focus();
