// A link that a script follows in place leads to its own page in another tab or window, where that is what was pressed.
document.addEventListener("click", (event) => {
  const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
  if (isElsewhere && event.target.closest("a[href]")) event.stopPropagation();
}, true);
