// The key / puts the cursor into the search field of the page, unless somebody is typing.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], trix-editor")) return;
  const fields = [...document.querySelectorAll("[role=search] input[type=search]")];
  const field = fields.find((one) => one.checkVisibility?.() ?? one.offsetParent);
  const link = document.querySelector(".topseek");
  if (!field && !link) return;
  event.preventDefault();
  if (field) { field.focus(); field.select(); } else link.click();
});
