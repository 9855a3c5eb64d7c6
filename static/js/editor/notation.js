// What mark-up says and the editor can't show, written in letters, as the server writes it (workspace/rich_text/notation.py).
const table = (plain, shifted) => new Map([...plain].map((letter, index) => [letter, [...shifted][index]]));
const SHIFTED = {
  super: ["^", table("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")],
  sub: ["_", table("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")],
};
const ORDINAL_ENDINGS = ["st", "nd", "rd", "th"];
const WORD = /[\p{L}\p{N}]/u;
const ROMAN = [[50, "l"], [40, "xl"], [10, "x"], [9, "ix"], [5, "v"], [4, "iv"], [1, "i"]];

// `text` raised ("super") or lowered ("sub"): 10⁶, CO₂, x^a.
export function inShift(text, shift) {
  const [sign, letters] = SHIFTED[shift];
  if (shift === "super" && ORDINAL_ENDINGS.includes(text)) return text;
  if ([...text].every((letter) => letters.has(letter) || !letter.trim())) {
    return [...text].map((letter) => letters.get(letter) ?? letter).join("");
  }
  if (!WORD.test(text)) return text; // ®, ™ and °
  return sign + (/^[\p{L}\p{N}]+$/u.test(text) ? text : `(${text})`);
}

export const footnote = (text) => (text.startsWith("[") ? text : `[${text}]`);
export const struck = (text) => text.replace(/\S(?:.*\S)?/s, (words) => `~~${words}~~`);
export const checkbox = (isChecked) => (isChecked ? "☑ " : "☐ ");

// What stands for a picture: the character that it shows, if it is an emoji, and otherwise nothing.
export const picture = (alt) => ([...alt].length <= 8 && !WORD.test(alt) && /[^\x00-\x7f]/.test(alt) ? alt : "");

// The sign of item `number` of a list whose `type` is `kind`: 5., a., iv.
export function numbering(kind, number) {
  let sign = String(number);
  if (/^a$/i.test(kind) && number <= 26) sign = String.fromCharCode(kind.charCodeAt(0) + number - 1);
  if (/^i$/i.test(kind) && number < 90) sign = kind === "i" ? roman(number) : roman(number).toUpperCase();
  return `${sign}. `;
}

function roman(number) {
  const found = ROMAN.find(([value]) => number >= value);
  return found ? found[1] + roman(number - found[0]) : "";
}
