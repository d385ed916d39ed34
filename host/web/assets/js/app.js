// Every page works without this. With it, pages are quick: shortcuts, typeahead, live filters, toasts.
import "./copy.js";
import "./date.js";
import "./filter.js";
import "./form.js";
import "./keys.js";
import "./live.js";
import "./menu.js";
import "./reference.js";
import "./rows.js";
import "./search.js";
import "./setup.js";
import "./theme.js";
import "./toast.js";

// Where tabs are wider than the screen, the one that one is at is among those that show.
for (const tabs of document.querySelectorAll(".tabs")) {
  const here = tabs.querySelector("[aria-current]");
  if (!here) continue;
  const left = here.getBoundingClientRect().left - tabs.getBoundingClientRect().left;
  tabs.scrollLeft += left - (tabs.clientWidth - here.offsetWidth) / 2;
}

// What a block alone needs comes with the page that has the block.
for (const block of ["accent", "board", "cells", "files", "lines", "offer", "signature", "timer", "week"]) {
  if (document.querySelector(`lf-${block}`)) import(`./blocks/${block}.js`);
}
