// Totals of a week that is being typed into. What is kept is what the server reads.
import { define } from "../dom.js";

const clock = (text) => {
  const [, hour, minute, half] = /^(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?$/.exec(text.trim()) ?? [];
  if (hour === undefined) return NaN;
  const hours = half ? (Number(hour) % 12) + (half === "pm" ? 12 : 0) : Number(hour);
  return hours * 60 + Number(minute ?? 0);
};

/** Minutes of what was typed; NaN of what is no time. */
export function minutes(text) {
  const typed = text.trim().toLowerCase().replace(/[–—]/g, "-");
  if (typed === "") return 0;
  const [from, until] = typed.split("-");
  if (until !== undefined) {
    const length = clock(until) - clock(from);
    return length <= 0 ? length + 1440 : length;
  }
  let parts = /^(\d{1,2}):([0-5]\d)$/.exec(typed) ?? /^(\d{1,3})\s*h\s*(?:([0-5]?\d)\s*(?:m|min)?)?$/.exec(typed);
  if (parts) return Number(parts[1]) * 60 + Number(parts[2] ?? 0);
  parts = /^(\d{1,4})\s*(?:m|min)$/.exec(typed);
  if (parts) return Number(parts[1]);
  parts = /^(\d{0,3})(?:[.,](\d{0,4}))?\s*h?$/.exec(typed);
  return parts && (parts[1] || parts[2]) ? Math.round(Number(`${parts[1] || 0}.${parts[2] || 0}`) * 60) : NaN;
}

const told = (sum) => (sum === 0 ? "" : `${sum < 0 ? "−" : ""}${Math.floor(Math.abs(sum) / 60)}:${String(Math.abs(sum) % 60).padStart(2, "0")}`);

class Week extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", this);
  }

  handleEvent() {
    const days = [];
    let total = 0;
    for (const row of this.querySelectorAll("tbody tr")) {
      let sum = 0;
      row.querySelectorAll(".cell").forEach((cell, day) => {
        // What is shut has no control, and counts.
        const open = cell instanceof HTMLInputElement;
        const typed = open ? minutes(cell.value) : Number(cell.dataset.seconds) / 60;
        if (open) cell.toggleAttribute("aria-invalid", Number.isNaN(typed));
        const value = Number.isNaN(typed) ? 0 : typed;
        sum += value;
        days[day] = (days[day] ?? 0) + value;
      });
      const place = row.querySelector("[data-sum]");
      if (place) place.textContent = told(sum);
      total += sum;
    }
    this.querySelectorAll("[data-day-sum]").forEach((place, day) => (place.textContent = told(days[day] ?? 0)));
    const place = this.querySelector("[data-total]");
    if (place) place.textContent = told(total);
  }
}

define("lf-week", Week);
