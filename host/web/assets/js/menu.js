// A menu closes when one looks elsewhere, and gives the focus back on Escape.
import { define } from "./dom.js";

class Menu extends HTMLElement {
  connectedCallback() {
    this.details = this.querySelector("details");
    document.addEventListener("click", this);
    this.addEventListener("keydown", this);
  }

  disconnectedCallback() {
    document.removeEventListener("click", this);
  }

  handleEvent(event) {
    if (!this.details?.open) return;
    if (event.type === "click" && !this.contains(event.target)) this.details.open = false;
    if (event.key === "Escape") {
      event.stopPropagation();
      this.details.open = false;
      this.details.querySelector("summary").focus();
    }
  }
}

define("lf-menu", Menu);
