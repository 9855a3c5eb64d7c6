// "Show older", then another page, and back: what was shown is shown again, and the place is kept.
const OLDER = ":is(#older, #older-comments, #older-challenges) a[hx-get]";
const KEY_OF_PLACE = `place:${location.href}`;
let pages = 0;

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful && detail.requestConfig.elt.matches("[id^=older] a")) pages += 1;
});
addEventListener("pagehide", () => {
  const opened = document.activeElement?.getAttribute("href");
  try {
    if (pages) sessionStorage.setItem(KEY_OF_PLACE, JSON.stringify({ pages, top: scrollY, opened }));
    else sessionStorage.removeItem(KEY_OF_PLACE);
  } catch {
    // A browser that keeps nothing begins at the top.
  }
});
addEventListener("load", async () => {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(KEY_OF_PLACE));
  } catch {
    return;
  }
  if (!kept || performance.getEntriesByType("navigation")[0]?.type === "navigate") return;
  for (let page = 0; page < kept.pages; page += 1) if (!(await showMore())) return;
  if (kept.opened) document.querySelector(`main a[href="${CSS.escape(kept.opened)}"]`)?.focus({ preventScroll: true });
  scrollTo({ top: kept.top, behavior: "instant" });
});

function showMore() {
  const link = document.querySelector(OLDER);
  if (!link) return false;
  return new Promise((done) => {
    document.addEventListener("htmx:afterRequest", function hear({ detail }) {
      if (detail.requestConfig.elt !== link) return;
      document.removeEventListener("htmx:afterRequest", hear);
      done(detail.successful);
    });
    link.click();
  });
}
