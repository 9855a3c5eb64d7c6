// The page that writes or offers a draft holds a lock of its name (Web Locks, W3C), so two tabs never share one.
// Without locks a tab offers what another one writes, but still takes away only its own.
import { PREFIX } from "./storage.js";

export const held = new Map(); // the drafts that this page has locked: the form of each, and how to let go of it

export async function hold(name, form) {
  const known = held.get(name);
  if (known || !navigator.locks) {
    if (known?.form !== form && known?.form.isConnected) return false;
    held.set(name, { ...known, form });
    return true;
  }
  return new Promise((done) => {
    navigator.locks.request(PREFIX + name, { ifAvailable: true }, (lock) => {
      if (lock) held.set(name, { form });
      done(Boolean(lock));
      return lock && new Promise((release) => { held.get(name).release = release; });
    }).catch(() => done(false));
  });
}

export function release(name) {
  held.get(name)?.release?.();
  held.delete(name);
}
