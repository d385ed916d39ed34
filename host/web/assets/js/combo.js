// A text field with a list under it, after the combobox pattern of the ARIA practices. Whoever makes one says where
// choices come from and what happens with the one that is taken.
import { element } from "./dom.js";

let made = 0;

export class Combo {
  /**
   * @param {HTMLInputElement} input
   * @param {{ find: (text: string, signal: AbortSignal) => Promise<{ items: Array, more: boolean }>, take: (item) => void, leave: () => void }} owner
   */
  constructor(input, owner) {
    this.input = input;
    this.owner = owner;
    this.items = [];
    const id = `combo-${++made}`;
    this.box = element("div", { role: "listbox", id, "aria-label": "Choices" });
    this.foot = element("div", { class: "combo-foot", role: "status" });
    this.list = element("div", { class: "combo-list combo-narrow", hidden: true }, this.box, this.foot);
    for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-controls", id], ["aria-autocomplete", "list"], ["autocomplete", "off"]]) {
      input.setAttribute(name, value);
    }
    input.after(this.list);
    input.addEventListener("input", () => this.look(120));
    input.addEventListener("click", () => this.list.hidden && this.look(0));
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => {
      this.close();
      owner.leave();
    });
    // A press on the list must not take the focus from the field.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.box.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.take([...this.box.children].indexOf(option));
    });
  }

  look(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      this.underway?.abort();
      this.underway = new AbortController();
      try {
        const { items, more } = await this.owner.find(this.input.value.trim(), this.underway.signal);
        if (document.activeElement === this.input) this.open(items, more);
      } catch (error) {
        if (error.name !== "AbortError") this.open([], false, "The choices cannot be read just now.");
      }
    }, delay);
  }

  open(items, more, fault) {
    this.items = items;
    this.box.replaceChildren(...items.map((item, at) => this.option(item, at)));
    this.foot.textContent = fault ?? (items.length === 0 ? "Nothing found" : more ? "There are more: type on" : "");
    this.foot.hidden = this.foot.textContent === "";
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark(items.length > 0 && this.input.value && !this.owner.free ? 0 : -1);
  }

  option(item, at) {
    const label = element("span");
    const typed = this.input.value.trim().toLowerCase();
    const found = typed ? item.label.toLowerCase().indexOf(typed) : -1;
    if (found < 0) label.append(item.label);
    else {
      const end = found + typed.length;
      label.append(item.label.slice(0, found), element("mark", {}, item.label.slice(found, end)), item.label.slice(end));
    }
    const hint = item.hint ? element("span", { class: "sub" }, item.hint) : null;
    return element("div", { role: "option", id: `${this.box.id}-${at}`, "aria-selected": "false" }, label, hint);
  }

  mark(at) {
    this.at = at;
    [...this.box.children].forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === at));
      if (index === at) option.scrollIntoView({ block: "nearest" });
    });
    if (at < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `${this.box.id}-${at}`);
  }

  key(event) {
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return this.look(0);
      const count = this.items.length;
      if (count) this.mark((this.at + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
    } else if (event.key === "Enter" && open && this.at >= 0 && !event.ctrlKey) {
      event.preventDefault();
      this.take(this.at);
    } else if (event.key === "Tab" && open && this.at >= 0) {
      this.take(this.at);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      this.close();
    }
  }

  take(at) {
    const item = this.items[at];
    this.close();
    if (item) this.owner.take(item);
  }

  close() {
    clearTimeout(this.timer);
    this.underway?.abort();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
