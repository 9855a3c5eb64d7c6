// What is being written is kept while it is written.
import { fieldsOf, isUntouched, says } from "./fields.js";
import { held, hold } from "./locks.js";
import { cancel } from "./sending.js";
import { isSigningOut } from "./signing.js";
import { attempt, forget, mine, newName } from "./storage.js";

const HELD = "drafts-of-the-page-before";
const words = document.querySelector("#writing")?.content;
export const KEY = "one_time_key";
export const had = attempt(() => JSON.parse(sessionStorage.getItem(HELD))) ?? [];

export function keep(form) {
  clearTimeout(form.keeping);
  form.keeping = null;
  if (isSigningOut) return;
  if (!form.isLeaving && (!says(fieldsOf(form)) || isUntouched(form))) {
    if (form.draft) forget(form.draft);
    line(form, "kept")?.remove();
    return;
  }
  if (!form.draft) hold(form.draft = newName(), form);
  const isKept = store(form.draft, form);
  if (form.matches("[data-draft]")) say(form, "kept", isKept ? "kept" : "unkept");
}

export const line = (form, place) => form?.querySelector(`.draft[data-place="${place}"]`);

export function say(form, place, name) {
  let told = line(form, place);
  if (!told) {
    told = document.createElement("div");
    told.className = "draft small text-muted";
    told.dataset.place = place;
    told.setAttribute("role", "status");
    // An offer stands outside what the composer folds away.
    if (place === "offered") form.prepend(told);
    else (form.querySelector(".field:has(textarea)") ?? form).append(told);
  }
  if (told.dataset.says === name) return told;
  told.dataset.says = name;
  told.replaceChildren(words.querySelector(`[data-says="${name}"]`).content.cloneNode(true));
  return told;
}

export const written = (target) => target.closest?.("form[data-draft]");
for (const event of ["input", "trix-change", "change"]) {
  document.addEventListener(event, ({ target }) => {
    const form = written(target);
    if (!form) return;
    cancel(form);
    clearTimeout(form.keeping);
    form.keeping = setTimeout(() => form.isConnected && keep(form), 300);
  });
}
for (const event of ["pagehide", "visibilitychange"]) {
  addEventListener(event, () => {
    for (const form of document.querySelectorAll("form[data-draft]")) if (form.keeping) keep(form);
  });
}

addEventListener("pagehide", () => {
  attempt(() => sessionStorage.setItem(HELD, JSON.stringify([...held.keys()])));
});

// What is typed into the plain field counts, and no longer the formatted text beside it.
document.addEventListener("input", ({ target }) => {
  if (target.matches?.("textarea[data-editor]")) target.form.elements.body_html.disabled = true;
});

// Whether the browser keeps it. A key that was sent is kept while nobody knows whether it arrived, and never else.
export function store(name, form) {
  const draft = {
    action: form.getAttribute("action"),
    fields: fieldsOf(form).filter(([field]) => field !== KEY || form.isInDoubt),
    at: Date.now(),
    isLeaving: Boolean(form.isLeaving),
  };
  return attempt(() => { localStorage.setItem(mine + name, JSON.stringify(draft)); return true; }) ?? false;
}
