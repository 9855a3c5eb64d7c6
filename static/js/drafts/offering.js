// What was kept is offered where it was written; after signing in again it is simply there.
import { announce } from "../announcements.js";
import { fieldsOf, filesIn, isSame, isUntouched, textsOf } from "./fields.js";
import { had, keep, KEY, line, say } from "./keeping.js";
import { hold, release } from "./locks.js";
import { left } from "./signing.js";
import { attempt, forget, keys, mine, read, stored } from "./storage.js";
import { fetchTiles } from "../uploads/fetching.js";

const TEXT = "trix-editor, textarea:not([hidden])"; // Once a field has become the editor, it stands hidden before it.
const LOOKED_AGAIN_AFTER = [300, 2000]; // The page before this one in the tab may take a moment to let go of its drafts.

// The drafts for a form that it does not have already: what this tab left to sign in, and then the latest first.
function draftsFor(form) {
  return keys(mine)
    .map((key) => ({ ...read(key), name: key.slice(mine.length) }))
    .filter(({ action, name }) => action === form.getAttribute("action") && name !== form.draft)
    .filter(({ isLeaving }) => isLeaving || form.matches("[data-draft]"))
    .sort((one, other) => (other.name === left?.name) - (one.name === left?.name) || other.at - one.at);
}

async function offer(form, again = LOOKED_AGAIN_AFTER) {
  if (form.isLooking || line(form, "offered")) return;
  form.isLooking = true;
  let isBusy = false;
  for (const { name } of draftsFor(form)) {
    if (!(await hold(name, form))) isBusy ||= had.includes(name);
    else if (place(form, name)) break;
    else if (form.draft !== name) release(name);
  }
  form.isLooking = false;
  if (isBusy && again.length) setTimeout(() => form.isConnected && offer(form, again.slice(1)), again[0]);
}

// Let the form have the draft, or offer it; false if there is nothing to offer.
function place(form, name) {
  const draft = stored(name); // Whoever had it may have sent it meanwhile.
  if (!draft || !form.isConnected) return false;
  if (isSame(draft.fields, fieldsOf(form))) {
    if (form.draft) return false;
    form.draft = name;
    form.isTaken = true;
    return false;
  }
  if (!form.matches("[data-draft]")) {
    fill(form, draft.fields);
    forget(name);
    announce("kept");
    form.querySelector("textarea, input:not([type=hidden])")?.focus();
    return false;
  }
  if (draft.isLeaving && left?.name === name && isUntouched(form)) {
    take(form, name, draft);
    announce("kept");
    form.querySelector(`${TEXT}, input:not([type=hidden], [type=radio])`)?.focus();
    return false;
  }
  show(form, name, draft);
  return true;
}

function show(form, name, { fields, at }) {
  const offered = say(form, "offered", "offered");
  unfold(form);
  const [title, body] = textsOf(fields);
  offered.querySelector("[data-files]").hidden = !filesIn(fields).length;
  const time = offered.querySelector("time");
  time.dateTime = new Date(at).toISOString();
  time.textContent = when(at, document.querySelector("#writing").dataset.zone) ?? when(at);
  offered.querySelector("[data-beginning]").textContent = [...(body || title || "…")].slice(0, 80).join("");
  offered.querySelector("[data-take]").addEventListener("click", () => {
    keep(form); // What was written beside the offer stays, as a draft of its own.
    offered.remove();
    take(form, name, { fields });
    form.querySelector(TEXT)?.focus();
    offer(form);
  });
  offered.querySelector("[data-leave]").addEventListener("click", async () => {
    forget(name);
    release(name);
    offered.remove();
    await offer(form);
    form.querySelector(`[data-take], input:not([type=hidden]), ${TEXT}`)?.focus();
  });
}

// The composer is folded until it is used.
function unfold(form) {
  const fold = form.closest("details");
  if (fold) fold.open = true;
}

// The day and the time; nothing for a zone that the browser does not know.
function when(at, timeZone) {
  const { lang } = document.documentElement;
  const parts = { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", timeZone };
  return attempt(() => new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, parts).format(at));
}

function take(form, name, { fields }) {
  form.draft = name;
  form.isTaken = true;
  form.isInDoubt = fields.some(([field]) => field === KEY);
  unfold(form);
  fill(form, fields);
  keep(form);
}

function fill(form, fields) {
  const editor = form.querySelector("trix-editor")?.editor;
  for (const [name, value] of fields) {
    for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === value;
      else field.value = value;
    }
  }
  fetchTiles(form, filesIn(fields));
  const text = form.querySelector("textarea[data-editor]");
  const html = new Map(fields).get("body_html");
  if (editor) {
    editor.loadHTML(html ?? "");
    if (html === undefined) editor.insertString(text.value);
  } else if (text) {
    form.elements.body_html.disabled = html === undefined; // A formatted text is sent as it was.
    if (html === undefined) form.elements.body_html.value = "";
    text.defaultValue = text.value; // The formatted text beside it says the same.
  }
}

export function offerAll(root) {
  if (!keys(mine).length) return;
  for (const form of root.querySelectorAll("form[method=post][action]")) offer(form);
}
