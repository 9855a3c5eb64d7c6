// What comes from the clipboard, before the editor reads it. The server reads it the same way, whatever comes
// (workspace/rich_text/html_reader.py); both meet the same clipboards (tests/rich_text/clipboard).
import { address } from "./addresses.js";
import { checkbox, footnote, inShift, numbering, picture, struck } from "./notation.js";

const DEPTH = /mso-list:\s*l\d+\s+level(\d)/i;
const NUMBER = /^\(?\w{1,4}[.)]$/;
const NOT_BOLD = /(?<![\w-])font-weight:\s*(normal|[1-5]00)/i;
const BOLD = /(?<![\w-])font-weight:\s*(bold|[6-9]00)/i;
const ITALIC = /(?<![\w-])font-style:\s*italic/i;
const STRUCK = /(?<![\w-])text-decoration[\w-]*:[^;]*line-through/i;
const SHIFT = /(?<![\w-])vertical-align:\s*(super|sub)/i;
const HEADINGS = "h1, h2, h3, h4, h5, h6";
const BLOCKS = `${HEADINGS}, address, article, aside, blockquote, caption, center, dd, details, dialog, dir, div, dl, dt,
  fieldset, figcaption, figure, footer, form, header, hgroup, hr, legend, li, main, menu, nav, ol, p, pre, section,
  summary, table, tbody, td, tfoot, th, thead, tr, ul`;
const LEFT_OUT = `audio, button, canvas, del, iframe, math, noscript, object, script, select, style, svg, template,
  textarea, title, video, xml, xmp`;

// The content security policy complains about each style and each handler, even where nothing is shown or run.
const STYLES = /(?<=<\/?)style(?=[\s/>])/gi;
const FORBIDDEN = /(?<=[\s/"'])(?=(?:style|on\w+)\s*=)/gi;
const ASIDE = "data-";

// `html` as paragraphs, subheadings, quotes and lists, with bold, italic and links in them, and nothing else.
export function cleaned(html) {
  const { body } = parsed(html);
  sayAgain(body);
  for (const element of body.querySelectorAll(LEFT_OUT)) element.remove();
  writeInLetters(body);
  for (const element of body.querySelectorAll("[data-style]")) sayByElements(element, element.dataset.style);
  for (const link of body.querySelectorAll("a")) mendLink(link);
  makeLists(body);
  const whole = document.createElement("div");
  addBlocks(body, whole);
  return whole.innerHTML;
}

// Whether a picture in `html` is lost: one that is not written in letters.
export function hasPicture(html) {
  return [...parsed(html).querySelectorAll("img")].some((image) => image.alt !== "checked" && image.alt !== "unchecked"
    && !picture(image.alt));
}

function parsed(html) {
  return new DOMParser().parseFromString(html.replace(STYLES, "template").replace(FORBIDDEN, ASIDE), "text/html");
}

// In the text itself these words stand for themselves.
function sayAgain(body) {
  for (const text of textsIn(body)) {
    text.data = text.data.replace(/(?<=\s|^|["'/])data-(?=(?:style|on\w+)\s*=)/gi, "");
  }
}

function textsIn(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  return texts;
}

function writeInLetters(body) {
  for (const image of body.querySelectorAll("img")) image.replaceWith(picture(image.alt));
  for (const box of body.querySelectorAll("input[type=checkbox]")) box.replaceWith(checkbox(box.hasAttribute("checked")));
  for (const quoted of body.querySelectorAll("q")) quoted.replaceWith("»", ...quoted.childNodes, "«");
  for (const element of body.querySelectorAll("sup, sub, [data-style]")) shift(element);
  for (const element of body.querySelectorAll("s, strike, [data-style]")) {
    if (!element.matches("s, strike") && !STRUCK.test(element.dataset.style)) continue;
    for (const text of textsIn(element)) text.data = struck(text.data);
    delete element.dataset.style;
    element.replaceWith(...element.childNodes);
  }
}

function shift(element) {
  const name = { SUP: "super", SUB: "sub" }[element.tagName] ?? SHIFT.exec(element.dataset.style)?.[1].toLowerCase();
  if (!name || element.querySelector("sup, sub")) return;
  for (const text of textsIn(element)) {
    if (!text.data.trim()) continue;
    text.data = name === "super" && text.parentElement.closest("a") ? footnote(text.data) : inShift(text.data, name);
  }
  element.replaceWith(...element.childNodes);
}

function sayByElements(element, style) {
  if (element.matches("b, strong") && NOT_BOLD.test(style)) element.replaceWith(...element.childNodes);
  else if (element.matches("span")) wrap(element, BOLD.test(style) && "strong", ITALIC.test(style) && "em");
}

function wrap(element, ...names) {
  for (const name of names.filter(Boolean)) {
    const wrapped = document.createElement(name);
    wrapped.append(...element.childNodes);
    element.append(wrapped);
  }
}

// What the editor shows as a link is one afterwards.
function mendLink(link) {
  const href = address(link.getAttribute("href") ?? "");
  if (href) link.setAttribute("href", href);
  else link.replaceWith(...link.childNodes);
}

// ---- Word makes no lists: each item is a paragraph with a sign, spaces, and in its style how deep it stands ----

function makeLists(body) {
  let open = []; // the lists that the next item may stand in, and how deep Word says that they are
  for (const paragraph of [...body.querySelectorAll("p")]) {
    const depth = Number(DEPTH.exec(paragraph.dataset.style ?? "")?.[1] ?? 0);
    if (!open.length || paragraph.previousElementSibling !== open[0].list) open = [];
    if (depth) open = addItem(paragraph, depth, open);
  }
}

function addItem(paragraph, depth, open) {
  const sign = takeSign(paragraph);
  const kind = NUMBER.test(sign) ? "ol" : "ul";
  const outer = open.filter((each) => each.depth < depth);
  let same = open.find((each) => each.depth === depth);
  if (same?.list.localName !== kind) same = null;
  if (!same && !outer.length && kind === "ol" && sign.replace(/[().]/g, "") !== "1") {
    paragraph.prepend(`${sign} `);
    return [];
  }
  const list = same?.list ?? document.createElement(kind);
  if (!same && outer.length) outer.at(-1).list.lastElementChild.append(list);
  else if (!same) paragraph.before(list);
  const item = document.createElement("li");
  item.append(...paragraph.childNodes);
  list.append(item);
  paragraph.remove();
  return [...outer, { depth, list }];
}

// Take the sign and the spaces behind it out of the paragraph.
function takeSign(paragraph) {
  const [all, sign] = /^\s*(\S{1,5})[\s\u00a0]+/.exec(paragraph.textContent) ?? ["", ""];
  let left = all.length;
  for (const text of textsIn(paragraph)) {
    const taken = Math.min(left, text.data.length);
    text.data = text.data.slice(taken);
    left -= taken;
  }
  return sign;
}

// ---- Blocks one after the other, whatever they stood in ----

const isBlock = (node) => node.nodeType === Node.ELEMENT_NODE && (node.matches(BLOCKS) || node.querySelector(BLOCKS));

// Add what `node` holds to `place`, in elements of the name `name` where it is in none of its own.
function addBlocks(node, place, name = "p") {
  let paragraph = null;
  for (const child of [...node.childNodes]) {
    if (!isBlock(child)) {
      paragraph ??= document.createElement(name);
      paragraph.append(child);
      continue;
    }
    addParagraph(paragraph, place);
    paragraph = null;
    if (child.matches("ul, ol, menu, dir")) addList(child, place);
    else if (child.matches("tr")) addParagraph(row(child), place);
    else if (child.matches("blockquote")) addBlocks(child, place, "blockquote");
    else addBlocks(child, place, child.matches(HEADINGS) ? "h2" : name);
  }
  addParagraph(paragraph, place);
}

function addParagraph(paragraph, place) {
  while (paragraph?.lastChild?.nodeName === "BR") paragraph.lastChild.remove();
  if (paragraph?.textContent.trim()) place.append(paragraph);
}

// A row of a table in one line; a cell that holds nothing keeps its place.
function row(element) {
  const paragraph = document.createElement("p");
  [...element.children].forEach((cell, index) => {
    if (index) paragraph.append(" | ");
    addInline(cell, paragraph, " ");
  });
  return /[^\s|]/.test(paragraph.textContent) ? paragraph : null;
}

// Add what `node` holds to one paragraph, with `between` (a space or the name of an element) between the blocks in it.
function addInline(node, place, between) {
  let follows = false; // a block, so that what comes now begins anew
  for (const child of [...node.childNodes]) {
    const isEmpty = !child.textContent.trim();
    if ((isBlock(child) || follows) && !isEmpty && place.textContent.trim()) place.append(separator(between));
    if (isBlock(child)) addInline(child, place, between);
    else if (child.nodeName === "BR") place.append(separator(between));
    else place.append(child);
    follows = isBlock(child) || (follows && isEmpty);
  }
}

const separator = (between) => (between === " " ? between : document.createElement(between));

function addList(list, place) {
  const numbers = new Numbering(list);
  let made = document.createElement(list.matches("ol") ? "ol" : "ul");
  for (const child of [...list.children]) {
    if (child.matches("ul, ol")) addList(child, made.lastElementChild ?? made);
    else {
      const sign = numbers.take(child);
      const item = document.createElement(sign ? "p" : "li");
      addItemTo(item, child, sign);
      if (!item.firstChild) continue;
      if (sign && made.firstChild) {
        place.append(made);
        made = made.cloneNode();
      }
      if (!sign) made.append(item);
      else if (place.matches("li")) place.append(document.createElement("br"), ...item.childNodes);
      else place.append(item);
    }
  }
  if (made.firstElementChild?.matches("li")) place.append(made);
  else place.append(...made.childNodes); // a list that held nothing but lists
}

// One line for each paragraph of an item, and then the lists in it.
function addItemTo(item, source, sign) {
  const lists = [...source.querySelectorAll("ul, ol")].filter((each) => each.parentElement.closest("li") === source);
  for (const list of lists) list.remove();
  if (sign) item.append(sign);
  if (source.getAttribute("role") === "checkbox") item.append(checkbox(source.getAttribute("aria-checked") === "true"));
  const words = document.createElement("p");
  addInline(source, words, "br");
  while (words.lastChild && !words.lastChild.textContent.trim()) words.lastChild.remove();
  if (words.firstChild) item.append(...words.childNodes);
  else item.replaceChildren();
  for (const list of lists) addList(list, item);
}

// The numbers of a list, as far as they are written in letters: where it does not count 1, 2, 3.
class Numbering {
  constructor(list) {
    this.kind = list.getAttribute("type") ?? "1";
    this.next = numberOf(list.getAttribute("start")) || 1;
    this.isInLetters = list.matches("ol") && (this.next !== 1 || /^[ai]$/i.test(this.kind));
  }

  take(item) {
    const number = numberOf(item.getAttribute("value")) || this.next;
    this.isInLetters ||= number !== this.next;
    this.next = number + 1;
    return this.isInLetters ? numbering(this.kind, number) : "";
  }
}

const numberOf = (text) => (/^[1-9]\d{0,3}$/.test(text) ? Number(text) : 0);
