// A form keeps what was typed: leaving asks only when there is something to lose, and nothing is sent twice.
import { define } from "./dom.js";

class Form extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    const issues = this.querySelector("#issues");
    // What comes back with issues was typed and is not saved.
    this.dirty = issues !== null;
    issues?.focus();
    this.form.addEventListener("input", () => (this.dirty = true));
    this.form.addEventListener("submit", this);
    this.form.addEventListener("keydown", this);
    addEventListener("beforeunload", this);
    addEventListener("pageshow", this);
  }

  disconnectedCallback() {
    removeEventListener("beforeunload", this);
    removeEventListener("pageshow", this);
  }

  handleEvent(event) {
    if (event.type === "beforeunload" && this.dirty && !this.sent) event.preventDefault();
    if (event.type === "pageshow" && event.persisted) this.settle(false);
    if (event.type === "keydown" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.form.requestSubmit();
    }
    if (event.type === "submit" && !event.defaultPrevented) {
      if (this.sent) event.preventDefault();
      else this.settle(true);
    }
  }

  settle(sent) {
    this.sent = sent;
    this.form.toggleAttribute("aria-busy", sent);
    clearTimeout(this.timer);
    // An answer that never comes must not lock the form for ever.
    if (sent) this.timer = setTimeout(() => this.settle(false), 10000);
  }
}

define("lf-form", Form);
