// Out of the partnership, or of the session: told, and nothing more of it is on the page.
import { rest } from "./numbers.js";

export let isOver = false;

export function leave(why) {
  isOver = true;
  rest();
  if (why === "over") document.dispatchEvent(new Event("session-over"));
  const template = document.querySelector(`template[data-announcement="${why}"]`);
  const words = template.content.cloneNode(true);
  const written = [...document.querySelectorAll("main textarea, main input[type=text]")]
    .filter((field) => field.value.trim() && field.value !== field.defaultValue)
    .map((field) => field.value);
  const kept = words.querySelector("[data-kept]");
  kept.hidden = !written.length;
  kept.querySelector(".submitted-text").textContent = written.join("\n\n");
  words.querySelector("a[data-back]")?.setAttribute("href", `/sign-in?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`);
  const heading = document.createElement("h1");
  heading.textContent = template.dataset.title;
  heading.tabIndex = -1;
  const place = document.createElement("div");
  place.className = "wrap page flow-s";
  place.append(heading, words);
  document.title = `${template.dataset.title} – Samspil`;
  document.querySelector("main").replaceChildren(place);
  if (why === "over") document.querySelector(".topbar__row > .topnav")?.remove();
  heading.focus();
}
