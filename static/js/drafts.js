// What is being written is kept in this browser, each form's text for itself, until an answer says that it was taken.
// A draft has a name of its own. The page that writes or offers it holds a lock of that name (Web Locks, W3C), so two
// tabs never share one; what a page has left behind is offered where it was written.
"use strict";

{
  const PREFIX = "draft:";
  const LEFT = "left-for-signing-in";
  const LEFT_OUT = /^draft$|csrf|password|cpr/;
  const KEY = "one_time_key";
  const SECONDS = [2, 4, 8, 15, 30];
  const KEPT_FOR = 28 * 24 * 60 * 60 * 1000;
  const HAD = "drafts-of-the-page-before";
  const LOOKED_AGAIN_AFTER = [300, 2000]; // The page before this one in the tab may take a moment to let go of its drafts.
  const person = document.body.dataset.person;
  const words = document.querySelector("#writing")?.content;
  const left = attempt(() => JSON.parse(sessionStorage.getItem(LEFT)));
  const had = attempt(() => JSON.parse(sessionStorage.getItem(HAD))) ?? [];
  const waiting = new Map();
  const held = new Map(); // the drafts that this page has locked: the form of each, and how to let go of it
  let isSigningOut = false;

  // ---- The storage: it may be full, and a browser may refuse it altogether ----

  function attempt(act) {
    try {
      return act() ?? null;
    } catch {
      return null;
    }
  }

  const mine = `${PREFIX}${person}:`;
  const keys = (prefix) => attempt(() => Object.keys(localStorage).filter((key) => key.startsWith(prefix))) ?? [];
  const read = (key) => attempt(() => JSON.parse(localStorage.getItem(key)));
  const remove = (key) => attempt(() => localStorage.removeItem(key));
  const stored = (name) => read(mine + name);
  const forget = (name) => remove(mine + name);
  const newName = () => Date.now().toString(36) + Math.random().toString(36).slice(2);

  // Whether the browser keeps it. A key that was sent is kept while nobody knows whether it arrived, and never else.
  function store(name, form) {
    const draft = {
      action: form.getAttribute("action"),
      fields: fieldsOf(form).filter(([field]) => field !== KEY || form.isInDoubt),
      at: Date.now(),
      isLeaving: Boolean(form.isLeaving),
    };
    return attempt(() => { localStorage.setItem(mine + name, JSON.stringify(draft)); return true; }) ?? false;
  }

  function prune() {
    for (const key of keys(PREFIX)) if (!(Date.now() - read(key)?.at < KEPT_FOR)) remove(key);
  }

  // ---- The locks. Without them a tab offers what another one writes, but still takes away only its own. ----

  async function hold(name, form) {
    const known = held.get(name);
    if (known || !navigator.locks) {
      if (known?.form !== form && known?.form.isConnected) return false;
      held.set(name, { ...known, form });
      return true;
    }
    return new Promise((done) => {
      navigator.locks.request(PREFIX + name, { ifAvailable: true }, (lock) => {
        if (lock) held.set(name, { form });
        done(Boolean(lock));
        return lock && new Promise((release) => { held.get(name).release = release; });
      }).catch(() => done(false));
    });
  }

  function release(name) {
    held.get(name)?.release?.();
    held.delete(name);
  }

  // ---- What a form says ----

  const fieldsOf = (form) => [...new FormData(form)].filter(([name]) => !LEFT_OUT.test(name));
  const textsOf = (fields) => ["title", "body", "body_html"].map((name) => new Map(fields).get(name)?.trim() ?? "");
  const says = (fields) => textsOf(fields).slice(0, 2).some(Boolean);
  const isSame = (one, other) => JSON.stringify(textsOf(one)) === JSON.stringify(textsOf(other));

  // Whether it says what came from the server. The editor words that in its own way, so it is
  // asked itself: `form.opened` is what it said when it was opened (writing.js).
  function isUntouched(form) {
    const { title, body } = form.elements;
    const editor = form.querySelector("trix-editor")?.editor;
    if (form.isTaken || !body || (title && title.value !== title.defaultValue)) return false;
    return editor && form.opened ? editor.getDocument().isEqualTo(form.opened) : body.value === body.defaultValue;
  }

  // ---- Keeping it ----

  function keep(form) {
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

  const line = (form, place) => form.querySelector(`.draft[data-place="${place}"]`);

  function say(form, place, name) {
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

  const written = (target) => target.closest?.("form[data-draft]");
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
    attempt(() => sessionStorage.setItem(HAD, JSON.stringify([...held.keys()])));
  });

  // What is typed into the plain field counts, and no longer the formatted text beside it.
  document.addEventListener("input", ({ target }) => {
    if (target.matches?.("textarea[data-editor]")) target.form.elements.body_html.disabled = true;
  });

  // ---- Offering what was kept; after signing in again it is simply there ----

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
      return false;
    }
    if (draft.isLeaving && left?.name === name && isUntouched(form)) {
      take(form, name, draft);
      announce("kept");
      return false;
    }
    show(form, name, draft);
    return true;
  }

  function show(form, name, { fields, at }) {
    const offered = say(form, "offered", "offered");
    const [title, body] = textsOf(fields);
    const time = offered.querySelector("time");
    time.dateTime = new Date(at).toISOString();
    time.textContent = when(at, document.querySelector("#writing").dataset.zone) ?? when(at);
    offered.querySelector("[data-beginning]").textContent = [...(body || title)].slice(0, 80).join("");
    offered.querySelector("[data-take]").addEventListener("click", () => {
      keep(form); // What was written beside the offer stays, as a draft of its own.
      offered.remove();
      take(form, name, { fields });
      form.querySelector("trix-editor, textarea")?.focus();
      offer(form);
    });
    offered.querySelector("[data-leave]").addEventListener("click", async () => {
      forget(name);
      release(name);
      offered.remove();
      await offer(form);
      form.querySelector("[data-take], input:not([type=hidden]), trix-editor, textarea")?.focus();
    });
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

  function offerAll(root) {
    if (!keys(mine).length) return;
    for (const form of root.querySelectorAll("form[method=post][action]")) offer(form);
  }

  // ---- Sending it. The answer that took a draft names it: only then it goes. ----

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
    if (form.isLeaving || form.draft) keep(form);
    if (form.isLeaving) remember({ name: form.draft, action: form.getAttribute("action") });
  });

  function forgetTaken() {
    for (const template of document.querySelectorAll("template[data-taken]")) {
      const { taken } = template.dataset;
      const form = held.get(taken)?.form;
      // What was written while it was on its way is a draft of its own.
      if (form?.draft === taken && form.sent && says(fieldsOf(form)) && !isSame(fieldsOf(form), form.sent)) store(newName(), form);
      if (form?.draft === taken) form.draft = null;
      forget(taken);
      release(taken);
      template.remove();
    }
  }

  // The form that comes back, with what is wrong with it, goes on with the draft.
  function goOn({ xhr, requestConfig }) {
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

  function cancel(form) {
    clearTimeout(waiting.get(form)?.timer);
    waiting.delete(form);
  }

  // ---- Signing out, and in again ----

  document.addEventListener("submit", ({ target }) => {
    if (target.getAttribute("action") !== "/sign-out") return;
    isSigningOut = true;
    keys(PREFIX).forEach(remove);
  });

  const remember = (what) => attempt(() => sessionStorage.setItem(LEFT, JSON.stringify(what)));

  // A form that had been opened in place: its address is a page as well.
  function goBack() {
    if (!left) return;
    attempt(() => sessionStorage.removeItem(LEFT));
    const { name, action, isGoing } = left;
    if (isGoing || action === location.pathname || !stored(name)) return;
    if (document.querySelector(`form[action="${CSS.escape(action)}"]`)) return;
    remember({ ...left, isGoing: true });
    location.assign(action);
  }

  if (person) {
    prune();
    forgetTaken();
    offerAll(document);
    goBack();
    document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
      goOn(detail);
      forgetTaken();
      offerAll(target.parentNode ?? document);
    });
  }
}
