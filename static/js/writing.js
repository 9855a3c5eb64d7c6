// The editor: a plain field becomes one when it is first used. The server takes both, and cleans whatever comes.
let parts = null;
let suggest = null;

// Fetch what the editor is made of from `address`; kept with how a field becomes it, and how to quote in it.
export async function prepared(address) {
  const answer = await fetch(address);
  if (!answer.ok || answer.redirected) throw new Error("The editor is out of reach.");
  parts = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("template");
  const { trix, pasting, mentions } = parts.dataset;
  const [{ cleaned }, combobox] = await Promise.all([import(pasting), import(mentions), import(trix)]);
  suggest = combobox.suggest;
  configure(cleaned);
  return { open, quote };
}

function configure(cleaned) {
  const { blockAttributes } = window.Trix.config;
  blockAttributes.default.tagName = "p";
  blockAttributes.default.breakOnReturn = true;
  blockAttributes.heading1.tagName = "h2";
  document.addEventListener("trix-file-accept", (event) => event.preventDefault());
  document.addEventListener("trix-attachment-add", (event) => event.attachment.remove());
  document.addEventListener("trix-before-paste", ({ paste }) => {
    if (paste.html) paste.html = cleaned(paste.html);
  });
}

// Make `field` the editor; the promise is kept when it is one.
function open(field) {
  const html = field.form?.elements.body_html;
  if (field.hidden || !html || !field.isConnected) return Promise.resolve(field.nextElementSibling);
  const hadFocus = field === document.activeElement;
  if (!html.value || field.value.trim() !== field.defaultValue.trim()) html.value = paragraphs(field.value);
  html.disabled = false;
  const toolbar = document.importNode(parts.content.querySelector("trix-toolbar"), true);
  toolbar.id = `${field.id}-toolbar`;
  const editor = document.createElement("trix-editor");
  editor.className = "input prose";
  editor.setAttribute("input", html.id);
  editor.setAttribute("toolbar", toolbar.id);
  editor.setAttribute("aria-label", field.labels[0].textContent.trim());
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (field.hasAttribute(name)) editor.setAttribute(name, field.getAttribute(name));
  }
  [editor.id, field.id] = [field.id, `${field.id}-plain`];
  field.hidden = true;
  field.required = false;
  const ready = new Promise((resolve) => editor.addEventListener("trix-initialize", () => resolve(editor), { once: true }));
  editor.addEventListener("trix-change", () => { field.value = editor.editor.getDocument().toString().trim(); });
  field.after(toolbar);
  field.after(editor);
  makeOneStop(toolbar.querySelector("[role=toolbar]"));
  suggest(editor, parts.dataset);
  return ready.then(() => {
    field.value = editor.editor.getDocument().toString().trim();
    if (hadFocus) {
      editor.focus();
      editor.editor.setSelectedRange(editor.editor.getDocument().getLength() - 1);
    }
    return editor;
  });
}

// Put a quotation at the end of the editor, and the caret below it.
function quote(editor, text) {
  const { editor: writing } = editor;
  const lines = text.trim().split(/\n+/).map(escaped).join("<br>");
  writing.setSelectedRange(writing.getDocument().getLength() - 1);
  writing.insertHTML(`<blockquote>${lines}</blockquote><p></p>`);
  editor.focus();
  writing.setSelectedRange(writing.getDocument().getLength() - 1);
}

function paragraphs(text) {
  return text.trim().split(/\n\s*\n/).map((part) => `<p>${escaped(part).replaceAll("\n", "<br>")}</p>`).join("");
}

function escaped(text) {
  const element = document.createElement("i");
  element.textContent = text;
  return element.innerHTML;
}

// One stop for Tab, arrows within: the pattern of a toolbar (WAI-ARIA Authoring Practices).
function makeOneStop(toolbar) {
  const buttons = [...toolbar.querySelectorAll("button")];
  buttons[0].tabIndex = 0;
  toolbar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const usable = buttons.filter((button) => !button.disabled);
    const next = usable.at((usable.indexOf(document.activeElement) + step) % usable.length);
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
    event.preventDefault();
  });
}
