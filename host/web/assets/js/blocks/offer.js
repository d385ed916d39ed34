// The page of a link: its figures follow what is ticked, and the first act tells that it was seen.
import { define } from "../dom.js";

class Offer extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", this);
    if (this.dataset.seen) for (const act of ["pointerdown", "keydown"]) document.addEventListener(act, this, { once: true });
  }

  handleEvent(event) {
    if (event.type !== "change") this.see();
    else if (event.target.closest(".option")) this.follow(event.target.form);
  }

  see() {
    if (this.told) return;
    this.told = true;
    fetch(this.dataset.seen, { method: "POST", body: new URLSearchParams(), redirect: "manual" }).catch(() => {});
  }

  // What was ticked last is what is shown, in whatever order the answers come.
  async follow(form) {
    const asked = (this.asked = (this.asked ?? 0) + 1);
    const answer = await fetch(this.dataset.address, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!answer.ok || asked !== this.asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (asked !== this.asked) return;
    for (const part of [".offer-sums", ".offer-sections", ".accept-bar"]) {
      const next = page.querySelector(part);
      if (next) this.querySelector(part)?.replaceWith(next);
    }
  }
}

define("lf-offer", Offer);
