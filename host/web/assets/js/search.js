// Searching as one types. The page that searches without script is asked, and what it found is put in place: under the
// field at the top of every page, and into the page that searches itself.
import { define, element } from "./dom.js";

const PAUSE = 150;

/** Asks the page that searches; the last question wins. */
class Asking {
  constructor(action, show) {
    this.action = action;
    this.show = show;
  }

  soon(text) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(text), PAUSE);
  }

  stop() {
    clearTimeout(this.timer);
    this.underway?.abort();
  }

  async now(text) {
    this.stop();
    const underway = (this.underway = new AbortController());
    try {
      const address = `${this.action}?q=${encodeURIComponent(text)}`;
      const answer = await fetch(address, { signal: underway.signal, headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.show(page.getElementById("found"), address);
    } catch (error) {
      // Enter still leads to the page, which tells what is the matter.
      if (error.name !== "AbortError") this.show(null);
    }
  }
}

/** The field at the top: results in a list below it, walked through with the arrows. */
class Jump extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.input = this.querySelector("input");
    this.list = element("div", { class: "jump-found", id: "jump-found", role: "listbox", "aria-label": "Found", hidden: true });
    this.append(this.list);
    for (const [name, value] of [["role", "combobox"], ["aria-controls", "jump-found"], ["aria-expanded", "false"], ["aria-autocomplete", "list"]]) {
      this.input.setAttribute(name, value);
    }
    this.asking = new Asking(this.form.action, (found) => this.show(found));
    this.input.addEventListener("input", () => (this.input.value.trim() ? this.asking.soon(this.input.value) : this.close()));
    this.input.addEventListener("focus", () => this.list.childElementCount && this.input.value.trim() && this.open());
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("focusout", (event) => this.contains(event.relatedTarget) || this.close());
    // A press on a result must not take the focus, and the list with it, away before the click.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  show(found) {
    const groups = [...(found?.querySelectorAll("section") ?? [])].map((section, at) => this.group(section, at));
    const none = element("p", { role: "status" }, "Nothing found");
    this.list.replaceChildren(...(groups.length ? groups : [none]));
    this.chosen = -1;
    if (found && this.input === document.activeElement) this.open();
    else this.close();
  }

  group(section, at) {
    const title = section.querySelector("h2").textContent;
    const heading = element("h2", { id: `jump-group-${at}`, role: "presentation" }, title);
    const options = [...section.querySelectorAll("li")].map((item, place) => {
      const [link, mark, hint] = [item.querySelector("a"), item.querySelector("svg"), item.querySelector(".end")];
      const label = element("span", {}, ...link.cloneNode(true).childNodes);
      const option = element("a", { id: `jump-${at}-${place}`, role: "option", href: link.getAttribute("href"), tabindex: "-1", "aria-selected": "false" });
      option.append(...[mark, label, hint && element("span", { class: "hint" }, hint.textContent)].filter(Boolean));
      return option;
    });
    return element("div", { role: "group", "aria-labelledby": heading.id }, heading, ...options);
  }

  open() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  close() {
    this.asking.stop();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const options = [...this.list.querySelectorAll("[role='option']")];
    if (this.list.hidden || event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.chosen = (this.chosen + step + (this.chosen < 0 && step < 0 ? 1 : 0) + options.length) % options.length;
      options.forEach((option, at) => option.setAttribute("aria-selected", String(at === this.chosen)));
      this.input.setAttribute("aria-activedescendant", options[this.chosen].id);
      options[this.chosen].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && options[this.chosen]) {
      event.preventDefault();
      options[this.chosen].click();
    }
  }
}

/** The page that searches: its results follow what is typed. */
class Search extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector("form");
    const input = this.querySelector("input");
    const asking = new Asking(form.action, (found, address) => {
      if (!found) return form.submit();
      document.getElementById("found").replaceWith(found);
      history.replaceState(null, "", address);
    });
    input.addEventListener("input", () => asking.soon(input.value.trim()));
  }
}

define("lf-jump", Jump);
define("lf-search", Search);
