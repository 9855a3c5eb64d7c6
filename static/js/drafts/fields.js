// What a form says.
const LEFT_OUT = /^draft$|csrf|password|cpr/;

export const fieldsOf = (form) => [...new FormData(form)].filter(([name]) => !LEFT_OUT.test(name));
export const textsOf = (fields) => ["title", "body", "body_html"].map((name) => new Map(fields).get(name)?.trim() ?? "");
export const says = (fields) => textsOf(fields).slice(0, 2).some(Boolean);
export const isSame = (one, other) => JSON.stringify(textsOf(one)) === JSON.stringify(textsOf(other));

// Whether it says what came from the server. The editor words that in its own way, so it is asked itself:
// `form.opened` is what it said when it was opened (writing.js).
export function isUntouched(form) {
  const { title, body } = form.elements;
  const editor = form.querySelector("trix-editor")?.editor;
  if (form.isTaken || !body || (title && title.value !== title.defaultValue)) return false;
  return editor && form.opened ? editor.getDocument().isEqualTo(form.opened) : body.value === body.defaultValue;
}
