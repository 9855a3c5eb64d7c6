// A draft is sent with its text, and the answer that took it names it: only then it goes.
import { announce, retract } from "../announcements.js";
import { fieldsOf, isSame, says } from "./fields.js";
import { keep, store, written } from "./keeping.js";
import { held, hold, release } from "./locks.js";
import { remember } from "./signing.js";
import { forget, newName } from "./storage.js";

const SECONDS = [2, 4, 8, 15, 30];
const waiting = new Map();

document.addEventListener("submit", ({ target: form, submitter }) => {
  if (!form.matches("form[data-draft]")) return;
  form.pressed = submitter;
  form.sent = fieldsOf(form);
  form.isInDoubt = true;
  keep(form);
}, true);
document.addEventListener("formdata", ({ target, formData }) => {
  if (target.draft) formData.set("draft", target.draft);
});

document.addEventListener("htmx:beforeOnLoad", ({ detail: { xhr, elt } }) => {
  const form = elt.closest("form");
  if (!form) return;
  if (elt === form && xhr.status < 500) form.isInDoubt = false;
  // A session that ended while somebody wrote: whatever the form, it waits until they are back.
  form.isLeaving = xhr.getResponseHeader("HX-Redirect")?.startsWith("/sign-in");
  if (form.isLeaving) setAside(form);
  else if (form.draft) keep(form);
});
document.addEventListener("session-over", ({ target }) => {
  const forms = [...document.querySelectorAll("form[data-draft]")];
  const sending = target.closest?.("form:not([data-draft])"); // No draft, such as numbers with their files.
  for (const form of forms) {
    if (form.keeping) keep(form);
    if (form.draft) setAside(form);
  }
  if (sending) setAside(sending);
});

// Whoever has to sign in comes back to it.
function setAside(form) {
  form.isLeaving = true;
  keep(form);
  remember({ name: form.draft, action: form.getAttribute("action") });
}

export function forgetTaken() {
  for (const template of document.querySelectorAll("template[data-taken]")) {
    const { taken } = template.dataset;
    const form = held.get(taken)?.form;
    // What was written while it was on its way is a draft of its own.
    const isChanged = form?.sent && says(fieldsOf(form)) && !isSame(fieldsOf(form), form.sent);
    if (form?.draft === taken && isChanged) store(newName(), form);
    if (form?.draft === taken) form.draft = null;
    forget(taken);
    release(taken);
    template.remove();
  }
}

// The form that comes back, with what is wrong with it, goes on with the draft.
export function goOn({ xhr, requestConfig }) {
  const before = requestConfig?.elt;
  if (!before?.draft || before.isConnected || ![409, 422].includes(xhr.status)) return;
  const form = document.querySelector(`form[data-draft][action="${CSS.escape(before.getAttribute("action"))}"]`);
  if (!form || form.draft) return;
  hold(form.draft = before.draft, form);
  form.isTaken = true;
  before.draft = null;
  keep(form);
}

// Not sent: it says so, and tries again with the same one-time key, so it is never there twice.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = detail.requestConfig?.elt; // The event's own element is another one when the form was replaced.
  if (!form?.matches("form[data-draft]") || !detail.xhr.status) return;
  cancel(form);
  if ([408, 503].includes(detail.xhr.status)) again(form);
});
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, ({ detail }) => {
    if (written(detail.elt) === detail.elt) again(detail.elt);
  });
}
addEventListener("online", () => { for (const form of waiting.keys()) send(form); });

function again(form) {
  keep(form);
  announce("waiting");
  const tries = (waiting.get(form)?.tries ?? 0) + 1;
  const seconds = SECONDS[Math.min(tries, SECONDS.length) - 1];
  waiting.set(form, { tries, timer: setTimeout(() => send(form), seconds * 1000) });
}

function send(form) {
  clearTimeout(waiting.get(form)?.timer);
  if (!form.isConnected) waiting.delete(form);
  else if (form.pressed?.isConnected) form.pressed.click();
  else form.requestSubmit();
}

export function cancel(form) {
  clearTimeout(waiting.get(form)?.timer);
  waiting.delete(form);
  if (!waiting.size) retract("waiting");
}
