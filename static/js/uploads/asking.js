// A placeholder of a file asks by itself how far the file is. Where no answer comes it asks again, quietly, a few times.
const PAUSES = [2, 4, 8, 16, 32, 60]; // seconds
const pausesOf = new WeakMap(); // those that a placeholder has left

document.addEventListener("htmx:afterRequest", ({ detail: { elt, xhr } }) => {
  const isLasting = xhr.status && xhr.status < 500 && ![408, 429].includes(xhr.status);
  if (isLasting || !elt.matches('[hx-trigger$="ask-again"]')) return;
  const [seconds, ...left] = pausesOf.get(elt) ?? PAUSES;
  pausesOf.set(elt, left);
  if (seconds) setTimeout(() => elt.isConnected && htmx.trigger(elt, "ask-again"), seconds * 1000);
});
