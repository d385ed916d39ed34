// Beside a date that is typed, the browser's own picker; what is picked is written as the region writes it.
import { define, element, icon } from "./dom.js";

class DateField extends HTMLElement {
  connectedCallback() {
    if (this.picker || !("showPicker" in HTMLInputElement.prototype)) return;
    this.input = this.querySelector("input");
    this.picker = element("input", { class: "picker", type: this.dataset.kind, tabindex: "-1", "aria-hidden": "true" });
    const button = element("button", { class: "pick", type: "button", "aria-label": "Pick from a calendar" }, icon("week"));
    button.addEventListener("click", () => {
      this.picker.value = this.iso();
      this.picker.showPicker();
    });
    this.picker.addEventListener("change", () => {
      if (!this.picker.value) return;
      this.input.value = this.written(this.picker.value);
      this.input.dispatchEvent(new Event("input", { bubbles: true }));
      this.input.focus();
    });
    this.querySelector(".affix").append(element("span", { class: "pick-cell" }, this.picker, button));
  }

  /** What is typed, as the picker wants it; nothing if it is not plainly a date. */
  iso() {
    const numbers = this.input.value.match(/\d+/g) ?? [];
    if (numbers.length < 3) return "";
    const parts = {};
    [...this.dataset.order].forEach((part, at) => (parts[part] = numbers[at]));
    if (parts.y.length !== 4) return "";
    const two = (text) => text.padStart(2, "0");
    const day = `${parts.y}-${two(parts.m)}-${two(parts.d)}`;
    if (this.dataset.kind === "date") return day;
    return numbers.length < 5 ? `${day}T00:00` : `${day}T${two(numbers[3])}:${two(numbers[4])}`;
  }

  written(value) {
    const [day, time] = value.split("T");
    const [y, m, d] = day.split("-");
    const short = (text) => ("padded" in this.dataset ? text : String(Number(text)));
    const parts = { y, m: short(m), d: short(d) };
    const text = [...this.dataset.order].map((part) => parts[part]).join(this.dataset.separator);
    return time ? `${text}, ${time}` : text;
  }
}

define("lf-date", DateField);
