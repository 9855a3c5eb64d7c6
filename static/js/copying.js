import { announce } from "./announcements.js";

// Copy the address of a post or a comment. Without a script there is nothing to press, so a comment gets its button here.
export function addCopying(root) {
  const button = document.querySelector("template[data-copying]")?.content;
  if (!button) return;
  for (const acts of root.querySelectorAll(".comment__acts:not(:has([data-copy]))")) acts.append(button.cloneNode(true));
}
addCopying(document);
document.addEventListener("htmx:afterSettle", () => addCopying(document));
document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-print]")) window.print();
});
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  const address = button.dataset.copy || button.closest(".comment").querySelector("a:has(time)").href;
  await navigator.clipboard.writeText(new URL(address, location.href).href);
  button.closest("details.menu")?.removeAttribute("open");
  announce("copied");
});
