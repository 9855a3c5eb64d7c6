// Drafts in the browser's storage: it may be full, and a browser may refuse it altogether.
const KEPT_FOR = 28 * 24 * 60 * 60 * 1000;
export const PREFIX = "draft:";
export const person = document.body.dataset.person;

export function attempt(act) {
  try {
    return act() ?? null;
  } catch {
    return null;
  }
}

export const mine = `${PREFIX}${person}:`;
export const keys = (prefix) => attempt(() => Object.keys(localStorage).filter((key) => key.startsWith(prefix))) ?? [];
export const read = (key) => attempt(() => JSON.parse(localStorage.getItem(key)));
export const remove = (key) => attempt(() => localStorage.removeItem(key));
export const stored = (name) => read(mine + name);
export const forget = (name) => remove(mine + name);
export const newName = () => Date.now().toString(36) + Math.random().toString(36).slice(2);

export function prune() {
  for (const key of keys(PREFIX)) if (!(Date.now() - read(key)?.at < KEPT_FOR)) remove(key);
}
