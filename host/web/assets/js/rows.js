// j and k, or the arrows once a row has the focus, walk through a table's rows; Enter opens one.
import { define, isTyping } from "./dom.js";

class Rows extends HTMLElement {
  connectedCallback() {
    document.addEventListener("keydown", this);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this);
  }

  handleEvent(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const here = this.contains(document.activeElement);
    // Of several tables on a page, j and k begin in the first.
    if (!here && (document.querySelector("lf-rows") !== this || document.activeElement?.closest("lf-rows"))) return;
    const step = { j: 1, k: -1, ...(here ? { ArrowDown: 1, ArrowUp: -1 } : {}) }[event.key];
    if (!step) return;
    const links = [...this.querySelectorAll("tbody th a:not(.cell-edit)")];
    const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = links[at < 0 ? 0 : at + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.closest("tr").scrollIntoView({ block: "nearest" });
  }
}

define("lf-rows", Rows);
