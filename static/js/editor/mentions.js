// Suggestions at an @: a combobox (WAI-ARIA) over the members of this partnership, found by the server.
let count = 0;

export function suggest(editor, { suggestions, found }) {
  const list = document.createElement("ul");
  list.id = `suggestions-${(count += 1)}`;
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", found);
  const said = document.createElement("p");
  said.className = "sr-only";
  said.setAttribute("role", "status");
  editor.after(list, said);
  let asked = null;
  let place = null;

  editor.addEventListener("trix-change", look);
  editor.addEventListener("trix-selection-change", look);
  editor.addEventListener("blur", () => setTimeout(close, 200));
  editor.addEventListener("keydown", choose, true);
  list.addEventListener("pointerdown", (event) => {
    const option = event.target.closest("[role=option]");
    event.preventDefault();
    if (option) take(option);
  });

  function look() {
    const [from, to] = editor.editor.getSelectedRange();
    const before = editor.editor.getDocument().toString().slice(0, to);
    const typed = from === to && /(?:^|[\s(])@([\p{L}\p{M}'’.-]*(?: [\p{L}\p{M}'’.-]*){0,3})$/u.exec(before);
    if (!typed) return close();
    place = [to - typed[1].length - 1, to];
    if (asked !== typed[1]) ask(typed[1]);
  }

  async function ask(name) {
    asked = name;
    const answer = await fetch(`${suggestions}?name=${encodeURIComponent(name)}`).catch(() => null);
    if (asked !== name || !answer?.ok || answer.redirected) return;
    list.innerHTML = await answer.text();
    if (!list.querySelector("[role=option]")) return hide();
    list.hidden = false;
    said.textContent = found;
    editor.setAttribute("role", "combobox");
    editor.setAttribute("aria-autocomplete", "list");
    editor.setAttribute("aria-haspopup", "listbox");
    editor.setAttribute("aria-expanded", "true");
    editor.setAttribute("aria-controls", list.id);
    mark(list.querySelector("[role=option]"));
  }

  function mark(option) {
    for (const other of list.children) other.setAttribute("aria-selected", String(other === option));
    editor.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function choose(event) {
    if (list.hidden) return;
    const options = [...list.children];
    const present = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark(options.at((present + step) % options.length));
    else if (event.key === "Enter" || event.key === "Tab") take(options[present]);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  function take(option) {
    const { editor: writing } = editor;
    writing.recordUndoEntry("Mention");
    writing.setSelectedRange(place);
    writing.activateAttribute("href", `#member-${option.dataset.member}`);
    writing.insertString(`@${option.dataset.name}`);
    writing.deactivateAttribute("href");
    writing.insertString(" ");
    close();
    editor.focus();
  }

  function close() {
    asked = null;
    hide();
  }

  function hide() {
    if (list.hidden) return;
    list.hidden = true;
    said.textContent = "";
    editor.setAttribute("role", "textbox");
    for (const name of ["autocomplete", "haspopup", "expanded", "controls", "activedescendant"]) {
      editor.removeAttribute(`aria-${name}`);
    }
  }
}
