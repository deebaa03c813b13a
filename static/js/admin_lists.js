// On a phone the filters of a list begin folded, but for those in use.
if (window.matchMedia("(max-width: 767px)").matches) {
  for (const filter of document.querySelectorAll("#changelist-filter details[open]")) {
    filter.open = Boolean(filter.querySelector("li.selected:not(:first-child)"));
  }
}
