// The editor: a plain field becomes one when it is first used. The server takes both, and cleans whatever comes.
import { addressIn } from "./editor/addresses.js";
import { suggest } from "./editor/mentions.js";
import { cleaned, hasPicture } from "./editor/pasting.js";

let parts = null;
let untilRest = null;

// Fetch what the editor is made of from `address`; kept with how a field becomes it, and how to quote in it.
// `atRest` gives a promise that is kept when nobody types.
export async function prepared(address, atRest) {
  untilRest = atRest;
  const answer = await fetch(address);
  if (!answer.ok || answer.redirected) throw new Error("The editor is out of reach.");
  parts = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("template");
  await import(parts.dataset.trix);
  await customElements.whenDefined("trix-editor");
  configure();
  return { open, quote };
}

function configure() {
  const { blockAttributes } = window.Trix.config;
  blockAttributes.default.tagName = "p";
  blockAttributes.default.breakOnReturn = true;
  blockAttributes.heading1.tagName = "h2";
  blockAttributes.quote.group = false; // In one element the paragraphs of a quote would join.
  document.addEventListener("trix-file-accept", (event) => event.preventDefault());
  document.addEventListener("trix-attachment-add", (event) => event.attachment.remove());
  document.addEventListener("trix-before-paste", ({ paste }) => {
    if (paste.html) paste.html = cleaned(paste.html);
  });
}

// A clipboard often holds text and a picture of it: Trix would take the picture. A picture alone is attached.
function paste(event) {
  const { files } = event.clipboardData;
  const [html, text] = ["text/html", "text/plain"].map((type) => event.clipboardData.getData(type));
  const made = html && (files.length || hasPicture(html)) ? cleaned(html) : "";
  if (!files.length && !made && !hasPicture(html)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { editor } = event.currentTarget;
  editor.recordUndoEntry("Paste");
  if (made) editor.insertHTML(made);
  else editor.insertString(text);
  if (!text && !made) leaveOut(event.target, { files: [...files] });
  else if (hasPicture(html)) leaveOut(event.target, { says: "left-out" });
}

// Let the page attach the files, or say what was not taken (editor/files.js).
function leaveOut(element, detail) {
  element.dispatchEvent(new CustomEvent("leave-out", { bubbles: true, detail }));
}

// The address of a link is mended, or said to be none, before Trix looks at it.
function mendAddress(event, toolbar) {
  const input = toolbar.querySelector("input[name=href]");
  const isPressed = event.type === "click" && event.target.closest('[data-trix-method="setAttribute"]');
  if (!isPressed && !(event.target === input && event.key === "Enter")) return;
  const address = addressIn(input.value);
  if (address) input.value = address;
  showFault(input, !address);
  if (address) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  input.focus();
}

function showFault(input, isWrong) {
  const fault = input.closest(".trix-dialog").querySelector(".error");
  fault.id = `${input.closest("trix-toolbar").id}-fault`;
  fault.hidden = !isWrong;
  input.setAttribute("aria-invalid", String(isWrong));
  input.setAttribute("aria-describedby", isWrong ? fault.id : "");
}

// Make `field` the editor; the promise is kept when it is one. Until then the field is there and takes what is typed.
const opened = new WeakMap();
function open(field) {
  const html = field.form?.elements.body_html;
  if (!html || !field.isConnected) return Promise.resolve(field.nextElementSibling);
  if (!opened.has(field)) opened.set(field, become(field, html));
  return opened.get(field);
}

// Nothing is exchanged under somebody's fingers: keys on their way would meet a field that is gone, or a caret that
// moves, and a composition (IME) would break off. An untouched field becomes the editor at once, another one in a pause.
async function become(field, html) {
  const mayBecome = async () => {
    if (isTyped(field)) await untilRest();
    return field.isConnected && !(isTyped(field) && isFormatted(html.value));
  };
  if (!(await mayBecome())) return null;
  const { editor, toolbar } = await beside(field, html);
  if (await mayBecome()) takeOver(field, html, editor, toolbar);
  else for (const element of [editor, toolbar]) element.remove();
  return editor.isConnected ? editor : null;
}

const isTyped = (field) => field.value !== field.defaultValue;

// What is typed over it knows no formatting, so it stays a plain field: the server formats again what is still the same.
const isFormatted = (html) => /<(?!\/?p>|br>)/.test(html);

// An editor that says what `html` says, hidden beside `field`.
function beside(field, html) {
  const toolbar = document.importNode(parts.content.querySelector("trix-toolbar"), true);
  toolbar.id = `${field.id}-toolbar`;
  const editor = document.createElement("trix-editor");
  editor.className = "input prose";
  editor.setAttribute("input", html.id);
  editor.setAttribute("toolbar", toolbar.id);
  editor.hidden = toolbar.hidden = true;
  const { disabled } = html;
  const { selectionStart, selectionEnd } = field;
  html.disabled = false; // Trix looks at it once, when it is put in.
  field.after(editor, toolbar);
  html.disabled = disabled;
  if (field === document.activeElement) field.setSelectionRange(selectionStart, selectionEnd); // Trix takes it away.
  return new Promise((resolve) => {
    editor.addEventListener("trix-initialize", () => resolve({ editor, toolbar }), { once: true });
  });
}

// All at once: a key that is pressed meets either the field or the editor, and never neither.
function takeOver(field, html, editor, toolbar) {
  const hadFocus = field === document.activeElement;
  const { value, selectionStart, selectionEnd } = field;
  const wasTyped = isTyped(field);
  const isPlain = wasTyped || !html.value;
  const marked = [selectionStart, selectionEnd].map((end) => (isPlain
    ? withOneBreak(value.slice(0, end)).length
    : behind(editor.editor.getDocument().toString(), value.slice(0, end))));
  editor.setAttribute("aria-label", field.labels[0].textContent.trim());
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (field.hasAttribute(name)) editor.setAttribute(name, field.getAttribute(name));
  }
  [editor.id, field.id] = [field.id, `${field.id}-plain`];
  html.disabled = false;
  field.required = false;
  editor.hidden = toolbar.hidden = false;
  field.hidden = true;
  editor.addEventListener("trix-change", () => { field.value = editor.editor.getDocument().toString().trim(); });
  if (isPlain && value) editor.editor.loadJSON(documentOf(value));
  else field.value = editor.editor.getDocument().toString().trim();
  if (!wasTyped) field.form.opened = editor.editor.getDocument(); // It words it in its own way (drafts/fields.js).
  editor.addEventListener("paste", paste, true);
  for (const name of ["click", "keydown"]) toolbar.addEventListener(name, (event) => mendAddress(event, toolbar), true);
  editor.addEventListener("trix-toolbar-dialog-show", () => showFault(toolbar.querySelector("input[name=href]"), false));
  makeOneStop(toolbar.querySelector("[role=toolbar]"));
  tellStates(toolbar);
  suggest(editor, parts.dataset);
  if (!hadFocus) return;
  editor.focus();
  editor.editor.setSelectedRange(marked);
}

// A plain text as the editor has it: a blank line begins a paragraph, every other letter stands as it was typed.
const withOneBreak = (text) => text.replace(/\n{2,}/g, "\n");
function documentOf(text) {
  const end = { type: "string", attributes: { blockBreak: true }, string: "\n" };
  const document = text.split(/\n{2,}/).map((string) => (
    { text: [{ type: "string", attributes: {}, string }, end], attributes: [], htmlAttributes: {} }
  ));
  return { document, selectedRange: [0, 0] };
}

// The place in `text` that is behind `beginning`: blank lines and signs of lists differ, letters do not.
function behind(text, beginning) {
  let place = 0;
  for (let left = beginning.replace(/\s/g, "").length; left > 0 && place < text.length - 1; place += 1) {
    if (/\S/.test(text[place])) left -= 1;
  }
  for (let left = beginning.length - beginning.trimEnd().length; left > 0 && text[place] === " "; left -= 1) place += 1;
  return place;
}

// Put a quotation at the end of the editor, after the words that say whose it is, and the caret below it, in sight.
function quote(editor, who, text) {
  const { editor: writing } = editor;
  const lines = text.trim().split(/\n+/).map(escaped).join("<br>");
  writing.setSelectedRange(writing.getDocument().getLength() - 1);
  if (writing.getDocument().toString().trim()) writing.insertLineBreak();
  writing.insertHTML(`<p>${escaped(who)}</p><blockquote>${lines}</blockquote><p><br></p>`);
  editor.focus();
  editor.scrollIntoView({ block: "center" });
  writing.setSelectedRange(writing.getDocument().getLength() - 1);
}

function escaped(text) {
  const element = document.createElement("i");
  element.textContent = text;
  return element.innerHTML;
}

// What holds where the caret is, in words too: Trix says it by a class alone.
function tellStates(toolbar) {
  const tell = () => {
    for (const button of toolbar.querySelectorAll("button[data-trix-attribute]")) {
      button.setAttribute("aria-pressed", String(button.classList.contains("trix-active")));
    }
  };
  new MutationObserver(tell).observe(toolbar, { subtree: true, attributes: true, attributeFilter: ["class"] });
  tell();
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
