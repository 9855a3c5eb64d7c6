// What a form says.
const LEFT_OUT = /^draft$|csrf|password|cpr/;

export const fieldsOf = (form) => [...new FormData(form)]
  .filter(([name, value]) => !LEFT_OUT.test(name) && typeof value === "string");
export const textsOf = (fields) => ["title", "body", "body_html"].map((name) => new Map(fields).get(name)?.trim() ?? "");
// The files that are up, and what is said of each of them.
export const filesIn = (fields) => fields.filter(([name]) => name === "uploads" || name.startsWith("alt-"));
export const says = (fields) => textsOf(fields).slice(0, 2).some(Boolean) || filesIn(fields).length > 0;
export const isSame = (one, other) => wholeOf(one) === wholeOf(other);
const wholeOf = (fields) => JSON.stringify([textsOf(fields), filesIn(fields)]);

// Whether it says what came from the server. The editor words that in its own way, so it is asked itself:
// `form.opened` is what it said when it was opened (writing.js).
export function isUntouched(form) {
  const { title, body } = form.elements;
  const editor = form.querySelector("trix-editor")?.editor;
  if (form.isTaken || !body || (title && title.value !== title.defaultValue) || filesIn(fieldsOf(form)).length) return false;
  return editor && form.opened ? editor.getDocument().isEqualTo(form.opened) : body.value === body.defaultValue;
}
