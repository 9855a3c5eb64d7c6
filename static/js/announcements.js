// What the page says on its own, in the words that the server put into it (layouts/_client_messages.html).
export function announce(name) {
  const words = document.querySelector(`template[data-announcement="${name}"]`);
  document.querySelector("#announcements")?.replaceChildren(words.content.cloneNode(true));
}
