// What comes from the clipboard, before the editor reads it. The server cleans it as well (workspace/rich_text/html_reader.py).
const DEPTH = /mso-list:\s*l\d+\s+level(\d)/i;
const NUMBER = /^\(?\w{1,4}[.)]$/;
const NOT_BOLD = /(?<![\w-])font-weight:\s*(normal|[1-5]00)/i;
const BOLD = /(?<![\w-])font-weight:\s*(bold|[6-9]00)/i;
const ITALIC = /(?<![\w-])font-style:\s*italic/i;

// The content security policy complains about each style and each handler, even where nothing is shown or run.
const FORBIDDEN = /(?<=[\s/"'])(?=(?:style|on\w+)\s*=)/gi;
const ASIDE = "data-";

// `html` without styles: what they say is said by elements, and Word's lists are lists.
export function cleaned(html) {
  const { body } = new DOMParser().parseFromString(html.replace(FORBIDDEN, ASIDE), "text/html");
  sayAgain(body);
  for (const deleted of body.querySelectorAll("del")) deleted.remove();
  for (const element of body.querySelectorAll("[data-style]")) {
    const style = element.dataset.style;
    if (element.matches("b, strong") && NOT_BOLD.test(style)) element.replaceWith(...element.childNodes);
    else if (element.matches("span")) wrap(element, BOLD.test(style) && "strong", ITALIC.test(style) && "em");
  }
  makeLists(body);
  return body.innerHTML;
}

// In the text itself these words stand for themselves.
function sayAgain(body) {
  const texts = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    text.data = text.data.replace(/(?<=\s|^|["'/])data-(?=(?:style|on\w+)\s*=)/gi, "");
  }
}

function wrap(element, ...names) {
  for (const name of names.filter(Boolean)) {
    const wrapped = document.createElement(name);
    wrapped.append(...element.childNodes);
    element.append(wrapped);
  }
}

// Word makes no lists: each item is a paragraph with a sign, spaces, and in its style how deep it stands.
function makeLists(body) {
  let open = [];
  for (const paragraph of [...body.querySelectorAll("p")]) {
    const depth = Number(DEPTH.exec(paragraph.dataset.style ?? "")?.[1] ?? 0);
    const follows = open.length && paragraph.previousElementSibling === open[0];
    if (!follows) open = [];
    if (depth) open = addItem(paragraph, Math.min(depth, open.length + 1), open);
  }
}

function addItem(paragraph, depth, open) {
  const sign = takeSign(paragraph);
  const kind = NUMBER.test(sign) ? "ol" : "ul";
  const lists = open.slice(0, depth);
  if (lists.length < depth) {
    const list = document.createElement(kind);
    if (lists.length) lists.at(-1).lastElementChild.append(list);
    else paragraph.before(list);
    lists.push(list);
  }
  const item = document.createElement("li");
  item.append(...paragraph.childNodes);
  lists.at(-1).append(item);
  paragraph.remove();
  return lists;
}

// Take the sign and the spaces behind it out of the paragraph.
function takeSign(paragraph) {
  const [all, sign] = /^\s*(\S{1,5})[\s\u00a0]+/.exec(paragraph.textContent) ?? ["", ""];
  let left = all.length;
  const texts = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
  while (left > 0 && texts.nextNode()) {
    const text = texts.currentNode;
    const taken = Math.min(left, text.data.length);
    text.data = text.data.slice(taken);
    left -= taken;
  }
  return sign;
}
