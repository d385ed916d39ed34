// Shortcuts. What they are stands on the elements themselves, as `data-key` and `data-go`; `?` lists them.
import { define, element, isTyping } from "./dom.js";

const visible = (target) => target.getClientRects().length > 0;

function help() {
  document.querySelector("dialog.keys")?.remove();
  const rows = [[["?"], "These shortcuts"], [["/"], "Search"], [["j"], "Next row"], [["k"], "Row before"], [["Ctrl", "↵"], "Save the form"]];
  for (const target of document.querySelectorAll("[data-key]:not([data-key='/'])")) {
    rows.push([[target.dataset.key], target.textContent.trim()]);
  }
  if (document.querySelector(".cell-edit")) rows.push([["→"], "Next cell to change"], [["Esc"], "Leave the cell as it was"]);
  const seen = new Set();
  for (const target of document.querySelectorAll("[data-go]")) {
    if (seen.has(target.dataset.go)) continue;
    seen.add(target.dataset.go);
    rows.push([["g", target.dataset.go], target.textContent.trim()]);
  }
  const list = element("dl", { class: "pairs" });
  for (const [keys, title] of rows) {
    const marks = keys.map((key) => element("kbd", {}, key)).flatMap((key, at) => (at ? [" ", key] : [key]));
    list.append(element("dt", {}, title), element("dd", {}, ...marks));
  }
  const close = element("button", { class: "btn", type: "button", autofocus: true }, "Close");
  const dialog = element("dialog", { class: "keys", "aria-labelledby": "h-keys" }, element("h2", { id: "h-keys" }, "Keyboard"), list, close);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

class Keys extends HTMLElement {
  connectedCallback() {
    document.addEventListener("keydown", this);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this);
  }

  handleEvent(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") return this.jump(event);
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    const waiting = this.waiting;
    this.waiting = false;
    clearTimeout(this.timer);
    if (waiting) return this.follow(event, `[data-go="${CSS.escape(event.key)}"]`);
    if (event.key === "g") {
      this.waiting = true;
      this.timer = setTimeout(() => (this.waiting = false), 1500);
    } else if (event.key === "?") {
      event.preventDefault();
      help();
    } else if (event.key.length === 1) {
      this.follow(event, `[data-key="${CSS.escape(event.key)}"]`);
    }
  }

  jump(event) {
    const field = document.getElementById("jump");
    if (!field || !visible(field)) return;
    event.preventDefault();
    field.focus();
  }

  // The page's own comes before the house's.
  follow(event, selector) {
    const found = [...document.querySelectorAll(`#main ${selector}`), ...document.querySelectorAll(selector)];
    const target = found.find(visible) ?? (selector.startsWith("[data-go") ? found[0] : undefined);
    if (!target) return;
    event.preventDefault();
    if (target.matches("input")) {
      target.focus();
      target.select();
    } else {
      target.click();
    }
  }
}

class Help extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.addEventListener("click", help);
  }
}

define("lf-keys", Keys);
define("lf-help", Help);
