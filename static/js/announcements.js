// What the page says: the server's words in its answers, and what the page says on its own, in the words that the server
// put into it (layouts/_client_messages.html). It stands at the edge nearest to what was pressed, until the next request.
const region = document.querySelector("#announcements");
let announced = { name: "", nodes: [] };

export function announce(name) {
  const { content } = document.querySelector(`template[data-announcement="${name}"]`);
  if (name === announced.name && announced.nodes.some((node) => node.isConnected)) return; // It is said once.
  const words = content.cloneNode(true);
  announced = { name, nodes: [...words.childNodes] };
  region?.replaceChildren(words);
}

// Take back what is not true any more, if the page still says it.
export function retract(...names) {
  if (names.includes(announced.name)) for (const node of announced.nodes) node.remove();
}

// Whether somebody asked for it, and not the page by itself.
export const isAsked = ({ requestConfig }) => Boolean(requestConfig?.triggeringEvent?.isTrusted);

// A text that waits for the line (drafts/sending.js) still does.
const clear = () => announced.name === "waiting" && announced.nodes[0].isConnected || region?.replaceChildren();
document.addEventListener("htmx:beforeRequest", ({ detail }) => { if (isAsked(detail)) clear(); });

// What went wrong is told to whoever asked, in our words also where what stands before the server answered in its own.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.isError || (isAsked(detail) && detail.serverResponse.includes('class="notice'))) return;
  detail.shouldSwap = false;
  if (isAsked(detail)) announce("failed");
});

// Whoever closes a message is back where they were before they went to it.
let leftFor = null;
document.addEventListener("focusin", ({ target, relatedTarget }) => {
  if (target.closest(".live") && !relatedTarget?.closest(".live")) leftFor = relatedTarget;
});

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-close]")) {
    region.replaceChildren();
    (leftFor?.isConnected ? leftFor : document.querySelector("main")).focus({ preventScroll: true });
  } else if (target.closest("a, button, summary, label")) stand(target);
}, true);

function stand(near) {
  const { top, bottom } = near.getBoundingClientRect();
  region?.parentNode.classList.toggle("live--above", top + bottom < innerHeight);
}

// What a page comes with is said as well: readers of screens hear only what changes.
if (region?.querySelector(".notice")) setTimeout(() => region.replaceChildren(...region.childNodes), 300);
