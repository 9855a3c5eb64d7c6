// What the page says on its own, in the words that the server put into it (layouts/_client_messages.html).
let announced = { name: "", nodes: [] };

export function announce(name) {
  const { content } = document.querySelector(`template[data-announcement="${name}"]`);
  const words = content.cloneNode(true);
  announced = { name, nodes: [...words.childNodes] };
  document.querySelector("#announcements")?.replaceChildren(words);
}

// Take back what is not true any more, if the page still says it.
export function retract(...names) {
  if (names.includes(announced.name)) for (const node of announced.nodes) node.remove();
}
