// A list follows its filters as they change: the same address is asked for, and its rows are put in place.
import { define } from "./dom.js";

const PARTS = ["#results", ".tabs", ".facets"];

let underway = new AbortController();

/** Puts the parts of a page in the place of those that are shown; who was at work in the rows hears of it, and stays. */
export function place(page) {
  const active = document.activeElement;
  for (const part of PARTS) {
    const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
    if (old && fresh) old.replaceWith(fresh);
  }
  document.getElementById("results")?.dispatchEvent(new Event("placed", { bubbles: true }));
  if (active?.isConnected && active !== document.activeElement) active.focus({ preventScroll: true });
}

/** Puts what an address shows now in the place of what is shown, unless a later one was asked for; false where it could not be had. */
export async function exchange(address) {
  underway.abort();
  const { signal } = (underway = new AbortController());
  const answer = await fetch(address, { signal, headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return false;
  const text = await answer.text();
  signal.throwIfAborted();
  place(new DOMParser().parseFromString(text, "text/html"));
  return true;
}

class Filter extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.form.addEventListener("change", () => this.show());
    this.form.addEventListener("input", (event) => {
      if (event.target.type !== "search") return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.show(), 180);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.querySelector("details")?.removeAttribute("open");
      this.show();
    });
  }

  address() {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (value !== "") query.append(name, value);
    }
    const text = query.toString();
    return text ? `${this.form.action}?${text}` : this.form.action;
  }

  async show() {
    clearTimeout(this.timer);
    const address = this.address();
    if (address === this.last) return;
    this.last = address;
    const results = document.getElementById("results");
    results.setAttribute("aria-busy", "true");
    try {
      if (!(await exchange(address))) throw new Error(address);
      history.replaceState(null, "", address);
    } catch (error) {
      // Whatever it was, the whole page tells it better.
      if (error.name !== "AbortError") location.assign(address);
    } finally {
      if (this.last === address) results.removeAttribute("aria-busy");
    }
  }
}

define("lf-filter", Filter);
