// The tab that one is on stands in sight, where the tabs scroll.
const present = document.querySelector(".tabs [aria-current]");
if (present) {
  const tabs = present.closest("ul");
  tabs.scrollLeft = present.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - present.offsetWidth) / 2;
}
