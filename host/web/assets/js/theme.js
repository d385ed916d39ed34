// Colours at once: the cookie is what the server would set, so that the next page comes in them.
import { define } from "./dom.js";

class Theme extends HTMLElement {
  connectedCallback() {
    this.addEventListener("submit", this);
  }

  handleEvent(event) {
    const theme = event.submitter?.value;
    if (!theme) return;
    event.preventDefault();
    const root = document.documentElement;
    const kept = theme === "light" || theme === "dark";
    if (kept) root.dataset.theme = theme;
    else delete root.dataset.theme;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${kept ? theme : ""}; path=/; max-age=${kept ? 31536000 : 0}; samesite=lax${secure}`;
    for (const button of document.querySelectorAll("lf-theme button")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
  }
}

define("lf-theme", Theme);
