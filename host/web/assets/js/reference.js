// References by typing. The select stays in the form and holds the value, so that what is posted is the same.
import { Combo } from "./combo.js";
import { define, element, icon } from "./dom.js";

/** A select of so few is quicker than typing. */
const FEW = 8;

class Choosing extends HTMLElement {
  connectedCallback() {
    this.select = this.querySelector("select");
    const few = this.select.options.length <= FEW && !this.hasAttribute("data-more");
    if (this.input || this.few) return;
    if (few) this.choose();
    else this.type();
  }

  /** A select, whose last option lets one type what it does not have. */
  choose() {
    this.few = true;
    if (!this.dataset.new) return;
    const other = element("option", { value: "" }, `New ${this.dataset.new}…`);
    this.select.append(other);
    this.select.addEventListener("change", () => {
      if (!other.selected) return;
      other.remove();
      this.select.value = "";
      this.type();
      this.input.placeholder = `Name of the new ${this.dataset.new}`;
      this.input.focus();
    });
  }

  type() {
    this.input = element("input", { class: "input", type: "text", spellcheck: "false", placeholder: "Type to find" });
    for (const name of ["id", "aria-describedby", "aria-invalid", "aria-required"]) {
      if (this.select.hasAttribute(name)) this.input.setAttribute(name, this.select.getAttribute(name));
      this.select.removeAttribute(name);
    }
    this.select.hidden = true;
    this.select.before(this.input);
    this.classList.add("combo");
    this.combo = new Combo(this.input, this);
    this.leave();
  }

  async find(text, signal) {
    const found = await this.known(text, signal);
    const there = text === "" || text === this.shown || found.items.some((item) => item.label.toLowerCase() === text.toLowerCase());
    if (!this.dataset.new || there) return found;
    return { ...found, items: [...found.items, { label: `New ${this.dataset.new}: ${text}`, hint: "", name: text }] };
  }

  /** One more of what can be chosen, made by its name; why not, where it is refused. */
  async make(name) {
    const answer = await fetch(this.dataset.source, { method: "POST", body: new URLSearchParams({ name }), headers: { accept: "application/json" } });
    const told = await answer.json();
    if (answer.ok) return told;
    throw new Error(told.issues?.[0]?.message ?? told.detail);
  }

  async known(text, signal) {
    if (!this.hasAttribute("data-more")) {
      const words = text.toLowerCase().split(/\s+/);
      const whole = text !== "" && text === this.shown ? [""] : words;
      const items = this.options().filter((item) => whole.every((word) => `${item.label} ${item.hint}`.toLowerCase().includes(word)));
      return { items, more: false };
    }
    const typed = text === this.shown ? "" : text;
    const answer = await fetch(`${this.dataset.source}?q=${encodeURIComponent(typed)}`, { signal, headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  options() {
    return [...this.select.options]
      .filter((option) => option.value !== "")
      .map((option) => ({ id: option.value, label: option.textContent, hint: option.dataset.hint ?? "" }));
  }

  optionOf(item) {
    const known = [...this.select.options].find((option) => option.value === item.id);
    if (known) return known;
    const option = element("option", { value: item.id, "data-hint": item.hint }, item.label);
    this.select.append(option);
    return option;
  }

  changed() {
    this.select.dispatchEvent(new Event("input", { bubbles: true }));
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

class Reference extends Choosing {
  async take(item) {
    if (item.name) {
      try {
        item = await this.make(item.name);
      } catch (error) {
        return this.combo.open([], false, error.message);
      }
    }
    this.optionOf(item).selected = true;
    this.changed();
    this.leave();
  }

  // The field shows what is chosen; emptied, it chooses nothing.
  leave() {
    if (this.shown !== undefined && this.input.value.trim() === "" && this.select.value !== "") {
      this.select.value = "";
      this.changed();
    }
    const chosen = this.select.selectedOptions[0];
    this.shown = chosen?.value ? chosen.textContent : "";
    this.input.value = this.shown;
  }
}

class References extends Choosing {
  connectedCallback() {
    super.connectedCallback();
    if (!this.input || this.chips) return;
    this.input.placeholder = "Add";
    this.chips = element("ul", { class: "chosen" });
    this.input.before(this.chips);
    this.show();
  }

  take(item) {
    this.optionOf(item).selected = true;
    this.input.value = "";
    this.changed();
    this.show();
  }

  leave() {
    this.input.value = "";
  }

  show() {
    const chosen = [...this.select.selectedOptions];
    this.chips.hidden = chosen.length === 0;
    this.chips.replaceChildren(
      ...chosen.map((option) => {
        const off = element("button", { type: "button", "aria-label": `Take ${option.textContent} off` }, icon("cross"));
        off.addEventListener("click", () => {
          option.selected = false;
          this.changed();
          this.show();
          this.input.focus();
        });
        return element("li", { class: "chip" }, option.textContent, off);
      }),
    );
  }
}

define("lf-reference", Reference);
define("lf-references", References);
