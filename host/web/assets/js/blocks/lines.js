// Lines are sent as they are written: a row when it was changed, what the record comes to along with the answer. Each
// form would do the same without.
import { Combo } from "../combo.js";
import { define } from "../dom.js";

class Lines extends HTMLElement {
  connectedCallback() {
    this.queue = Promise.resolve();
    this.addEventListener("submit", this);
    this.addEventListener("change", this);
    this.addEventListener("paste", this);
    for (const kind of ["dragstart", "dragover", "drop"]) this.addEventListener(kind, this);
    this.dress();
  }

  handleEvent(event) {
    this[event.type](event);
  }

  submit(event) {
    event.preventDefault();
    this.send(new FormData(event.target, event.submitter), event.target.action);
  }

  change(event) {
    const form = event.target.form;
    if (!form?.id.startsWith("f-") || !event.target.name) return;
    const data = new FormData(form);
    data.set("~do", "save");
    this.send(data, form.action);
  }

  paste(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const form = event.target.closest?.("form.add-line");
    if (!form?.elements["~section"] || !/[\t\n]/.test(text.trimEnd())) return;
    event.preventDefault();
    this.send([["~section", form.elements["~section"].value], ["~do", "paste"], ["~rows", text]], form.action);
  }

  dragstart(event) {
    const row = event.target.closest("tr[data-line]");
    if (!row) return;
    this.dragged = row.dataset.line;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setDragImage(row, 0, 0);
  }

  dragover(event) {
    if (this.dragged && event.target.closest("tbody")) event.preventDefault();
  }

  drop(event) {
    const body = event.target.closest("tbody");
    const section = body?.querySelector("[data-section]")?.dataset.section;
    if (!this.dragged || !section) return;
    event.preventDefault();
    const before = event.target.closest("tr[data-line]")?.dataset.line ?? "";
    const line = this.dragged;
    this.dragged = null;
    if (before !== line) this.send([["~line", line], ["~section", section], ["~before", before], ["~do", "move"]], this.action);
  }

  /** One after the other, so that each is made on what the one before left. */
  send(data, action) {
    const fields = [...(data instanceof FormData ? data.entries() : data)];
    this.setAttribute("aria-busy", "true");
    this.queue = this.queue.then(() => this.sent(fields, action)).catch(() => location.reload());
    return this.queue;
  }

  async sent(fields, action) {
    const body = new URLSearchParams(fields);
    const line = body.get("~line");
    // A row that was sent before has another version by now.
    const now = line && this.querySelector(`#f-${CSS.escape(line)}`);
    if (now && body.has("~version")) body.set("~version", now.elements["~version"].value);
    const answer = await fetch(action, { method: "POST", body, headers: { accept: "text/html" } });
    // The session has ended: posted as a form, what was typed comes back once somebody has signed in.
    if (answer.status === 401) return posted(action, fields);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.querySelector("lf-lines");
    if (!next) return location.assign(answer.url);
    const focus = document.activeElement?.id;
    const into = new URL(answer.url).hash.slice(1);
    this.replaceChildren(...next.childNodes);
    this.removeAttribute("aria-busy");
    this.dress();
    const target = document.getElementById(into.startsWith("new-") ? into : focus);
    if (target && this.contains(target)) {
      target.focus();
      target.select?.();
    }
  }

  dress() {
    this.action = this.querySelector("form")?.action;
    for (const form of this.querySelectorAll("form[data-takes]")) {
      if (form.dataset.takes) new Combo(form.querySelector("input.input"), new Taking(this, form));
    }
  }
}

function posted(action, fields) {
  const form = Object.assign(document.createElement("form"), { method: "post", action });
  for (const [name, value] of fields) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  document.body.append(form);
  form.submit();
}

/** What is typed as a new line is looked for in what can be taken. */
class Taking {
  constructor(lines, form) {
    this.lines = lines;
    this.form = form;
    // What is typed may be a line of its own: nothing is chosen until somebody does.
    this.free = true;
    form.querySelector("input.input").parentElement.classList.add("combo");
    this.sources = form.dataset.takes.split(" ").map((source) => source.split("="));
  }

  async find(text, signal) {
    if (text.length < 2) return { items: [], more: false };
    const asked = this.sources.map(async ([name, source]) => {
      const answer = await fetch(`${source}?q=${encodeURIComponent(text)}`, { signal, headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      return { items: found.items.map((item) => ({ ...item, take: name })), more: found.more };
    });
    const all = await Promise.all(asked);
    return { items: all.flatMap((found) => found.items).slice(0, 12), more: all.some((found) => found.more) };
  }

  take(item) {
    const data = new FormData(this.form);
    data.set(`~take${item.take}`, item.id);
    data.set("~do", "take");
    this.lines.send(data, this.form.action);
  }

  leave() {}
}

define("lf-lines", Lines);
