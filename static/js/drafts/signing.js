// Signing out takes all drafts away. Whoever has to sign in again comes back to what they were writing.
import { attempt, keys, PREFIX, remove, stored } from "./storage.js";

const LEFT = "left-for-signing-in";
export const left = attempt(() => JSON.parse(sessionStorage.getItem(LEFT)));
export let isSigningOut = false;

document.addEventListener("submit", ({ target }) => {
  if (target.getAttribute("action") !== "/sign-out") return;
  isSigningOut = true;
  keys(PREFIX).forEach(remove);
});

export const remember = (what) => attempt(() => sessionStorage.setItem(LEFT, JSON.stringify(what)));

// A form that had been opened in place: its address is a page as well.
export function goBack() {
  if (!left) return;
  attempt(() => sessionStorage.removeItem(LEFT));
  const { name, action, isGoing } = left;
  if (isGoing || action === location.pathname || !stored(name)) return;
  if (document.querySelector(`form[action="${CSS.escape(action)}"]`)) return;
  remember({ ...left, isGoing: true });
  location.assign(action);
}
