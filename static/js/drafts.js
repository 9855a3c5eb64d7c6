// What is being written is kept in this browser, for this person and this place, until it is shared.
"use strict";

{
  const PREFIX = "draft:";
  const LEFT = "left-for-signing-in";
  const LEFT_OUT = /csrf|password|cpr/;
  const SECONDS = [2, 4, 8, 15, 30];
  const person = document.body.dataset.person;
  const words = document.querySelector("#writing")?.content;
  const waiting = new Map();
  let isSigningOut = false;

  const keyOf = (form) => `${PREFIX}${person}:${form.getAttribute("action")}`;
  const fieldsOf = (form) => [...new FormData(form)].filter(([name]) => !LEFT_OUT.test(name));
  const says = (fields) => fields.some(([name, value]) => ["title", "body"].includes(name) && value.trim());

  function keep(form) {
    if (form.isShared || isSigningOut) return;
    const isLeaving = Boolean(form.isLeaving);
    const fields = fieldsOf(form);
    if (!says(fields) && !isLeaving) return forget(form);
    try {
      localStorage.setItem(keyOf(form), JSON.stringify({ fields, at: Date.now(), isLeaving }));
      if (form.matches("[data-draft]")) say(form, "kept");
    } catch {
      // Private windows may keep nothing: the form itself still has it.
    }
  }

  function forget(form) {
    localStorage.removeItem(keyOf(form));
    form.querySelector(".draft")?.remove();
  }

  function say(form, name) {
    let line = form.querySelector(".draft");
    if (!line) {
      line = document.createElement("div");
      line.className = "draft small soft";
      line.setAttribute("role", "status");
      (form.querySelector(".field:has(textarea)") ?? form).append(line);
    }
    if (line.dataset.says === name) return;
    line.dataset.says = name;
    line.replaceChildren(words.querySelector(`[data-says="${name}"]`).content.cloneNode(true));
  }

  // Offer what was kept; after signing in again it is simply there.
  function offer(form) {
    const kept = read(form);
    if (!kept || form.querySelector(".draft")) return;
    const typed = (fields) => JSON.stringify(fields.filter(([name]) => ["title", "body"].includes(name)));
    if (typed(kept.fields) === typed(fieldsOf(form))) return;
    if (kept.isLeaving) {
      fill(form, kept.fields);
      announce("kept");
      if (form.matches("[data-draft]")) keep(form);
      else localStorage.removeItem(keyOf(form));
      return;
    }
    say(form, "offered");
    const beginning = kept.fields.find(([name, value]) => name === "body" && value)?.[1] ?? kept.fields.find(([name]) => name === "title")?.[1];
    form.querySelector(".draft [data-beginning]").textContent = beginning.slice(0, 80);
    form.querySelector(".draft [data-take]").addEventListener("click", () => {
      fill(form, kept.fields);
      keep(form);
      form.querySelector("trix-editor, textarea")?.focus();
    });
    form.querySelector(".draft [data-leave]").addEventListener("click", () => forget(form));
    // It stands outside what the composer folds away.
    form.prepend(form.querySelector(".draft"));
  }

  function read(form) {
    try {
      return JSON.parse(localStorage.getItem(keyOf(form)));
    } catch {
      return null;
    }
  }

  function fill(form, fields) {
    const editor = form.querySelector("trix-editor");
    for (const [name, value] of fields) {
      for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === value;
        else field.value = value;
        if (name === "body_html") editor?.editor.loadHTML(value);
      }
    }
    const text = form.querySelector("textarea[data-editor]");
    if (text && !editor) {
      const html = form.elements.body_html;
      html.disabled = !fields.some(([name]) => name === "body_html"); // A formatted text is sent as it was.
      if (html.disabled) html.value = "";
      text.defaultValue = text.value; // The formatted text beside it says the same.
    }
    form.querySelector(".draft")?.remove();
  }

  // What is typed into the plain field counts, and no longer the formatted text beside it.
  document.addEventListener("input", ({ target }) => {
    if (target.matches?.("textarea[data-editor]")) target.form.elements.body_html.disabled = true;
  });

  const written = (target) => target.closest?.("form[data-draft]");
  for (const event of ["input", "trix-change", "change"]) {
    document.addEventListener(event, ({ target }) => {
      const form = written(target);
      if (!form || form.querySelector(".draft [data-take]")) return;
      cancel(form);
      clearTimeout(form.keeping);
      form.keeping = setTimeout(() => form.isConnected && keep(form), 300);
    });
  }
  addEventListener("pagehide", () => {
    for (const form of document.querySelectorAll("form[data-draft]")) {
      if (form.keeping && !form.querySelector(".draft [data-take]") && says(fieldsOf(form)) && read(form)) keep(form);
    }
  });

  // Shared: the draft goes. Not sent: it says so, and tries again with the same one-time key, so it is never sent twice.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => clearTimeout(detail.elt.keeping));
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const form = detail.requestConfig?.elt; // The event's own element is another one when the form was replaced.
    if (!form?.matches("form[data-draft]") || !detail.xhr.status) return;
    cancel(form);
    if ([408, 503].includes(detail.xhr.status)) again(form);
    else if (detail.successful && !detail.xhr.getResponseHeader("HX-Redirect")?.startsWith("/sign-in")) {
      form.isShared = true;
      localStorage.removeItem(keyOf(form));
    }
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
    if (form.isConnected) form.requestSubmit();
    else waiting.delete(form);
  }

  function cancel(form) {
    clearTimeout(waiting.get(form)?.timer);
    waiting.delete(form);
  }

  // A session that ended while somebody wrote: whatever the form, it waits until they are back.
  document.addEventListener("htmx:beforeOnLoad", ({ detail: { xhr, elt } }) => {
    const form = elt.closest("form");
    if (form && xhr.getResponseHeader("HX-Redirect")?.startsWith("/sign-in")) {
      form.isLeaving = true;
      keep(form);
      sessionStorage.setItem(LEFT, form.getAttribute("action"));
    }
  });

  document.addEventListener("submit", ({ target }) => {
    if (target.getAttribute("action") !== "/sign-out") return;
    isSigningOut = true;
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  });

  function offerAll(root) {
    for (const form of root.querySelectorAll("form[method=post][action]")) if (read(form)) offer(form);
  }
  // A form that had been opened in place: its address is a page as well.
  function goBack() {
    const action = sessionStorage.getItem(LEFT);
    sessionStorage.removeItem(LEFT);
    if (!action || action === location.pathname || !localStorage.getItem(`${PREFIX}${person}:${action}`)) return;
    if (!document.querySelector(`form[action="${CSS.escape(action)}"]`)) location.assign(action);
  }

  if (person) {
    offerAll(document);
    goBack();
    document.addEventListener("htmx:afterSettle", ({ target }) => offerAll(target.parentNode ?? document));
  }
}
