// What has stood on the screen for most of a second is read, and what is read in one tab is read in all. What was new
// stays marked through the visit, on whichever page it is shown again.
import { hearReading, tellReading } from "./reading/counts.js";
import { forgetMarks, keepMarks } from "./reading/marks.js";
import { sendRead, watchAll } from "./reading/screen.js";

if (document.getElementById("live")) {
  watchAll();
  keepMarks();
  hearReading();
  tellReading();
  document.addEventListener("htmx:afterSettle", () => { watchAll(); keepMarks(); });
  document.addEventListener("submit", ({ target }) => { if (target.matches("[data-read-all]")) forgetMarks(); });
  document.addEventListener("visibilitychange", () => (document.hidden ? sendRead() : watchAll()));
  addEventListener("pagehide", sendRead);
}
