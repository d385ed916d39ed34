// A button that copies what stands beside it.
import { define, element, icon } from "./dom.js";

class Copy extends HTMLElement {
  connectedCallback() {
    if (this.button || !navigator.clipboard) return;
    const said = element("span", { class: "visually-hidden", role: "status" });
    this.button = element("button", { class: "copy", type: "button", "aria-label": "Copy" }, icon("copy"));
    this.button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.dataset.text);
      this.button.replaceChildren(icon("check"));
      said.textContent = "Copied";
      setTimeout(() => {
        this.button.replaceChildren(icon("copy"));
        said.textContent = "";
      }, 2000);
    });
    this.append(" ", this.button, said);
  }
}

define("lf-copy", Copy);
