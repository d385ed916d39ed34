// A toast goes by itself, unless somebody reads it just now; Escape sends it away.
import { define, element, icon } from "./dom.js";

const SECONDS = 8;
const SECONDS_WITH_UNDO = 20;

/** Says something as the page itself would have. */
export function say(text) {
  const home = document.querySelector("lf-toast");
  const toast = element("div", { class: "toast" }, element("span", {}, text));
  home?.querySelector("[role=status]").replaceChildren(toast);
  home?.keep?.(toast);
}

class Toast extends HTMLElement {
  connectedCallback() {
    const toast = this.querySelector(".toast");
    if (toast) this.keep(toast);
  }

  keep(toast) {
    const close = element("button", { class: "btn btn-icon btn-small", type: "button", "aria-label": "Close" }, icon("cross"));
    const seconds = toast.querySelector("form") ? SECONDS_WITH_UNDO : SECONDS;
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => toast.remove(), seconds * 1000);
    };
    close.addEventListener("click", () => toast.remove());
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", wait);
    toast.addEventListener("focusout", wait);
    toast.append(close);
    document.addEventListener("keydown", (event) => event.key === "Escape" && toast.remove());
    wait();
  }
}

define("lf-toast", Toast);
