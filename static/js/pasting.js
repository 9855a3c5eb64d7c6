// Word makes no lists: each item is a paragraph with a sign, spaces, and in its style how deep it stands.
const DEPTH = /mso-list:\s*l\d+\s+level(\d)/i;
const NUMBER = /^\(?\w{1,4}[.)]$/;

// `html` from the clipboard, with Word's lists made into lists.
export function wordLists(html) {
  if (!/mso-list/i.test(html)) return html;
  const body = new DOMParser().parseFromString(html, "text/html").body;
  let open = [];
  for (const paragraph of [...body.querySelectorAll("p")]) {
    const depth = Number(DEPTH.exec(paragraph.getAttribute("style") ?? "")?.[1] ?? 0);
    const follows = open.length && paragraph.previousElementSibling === open[0];
    if (!follows) open = [];
    if (depth) open = addItem(paragraph, Math.min(depth, open.length + 1), open);
  }
  return body.innerHTML;
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
