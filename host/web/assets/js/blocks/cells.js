// A cell is changed where it stands: its pen brings the record's form, the control of the field takes the cell's place,
// and the whole form is posted where it always is, with the version it was made from. Enter opens and saves, Escape
// leaves the cell as it was, arrows go from pen to pen. What was typed stays until it is saved or left.
import { define, element, icon, isTyping } from "../dom.js";
import { exchange, place } from "../filter.js";
import { say } from "../toast.js";

const parse = (text) => new DOMParser().parseFromString(text, "text/html");
const visible = (target) => target.getClientRects().length > 0;
const words = (node) => node.textContent.trim().replace(/\s+/g, " ");

/** The one cell that is being changed. */
class Editor {
  constructor(cells, key) {
    this.cells = cells;
    this.key = key;
    this.field = key.slice(key.indexOf("/") + 1);
    this.touched = false;
    this.told = element("div", { class: "field-error", role: "alert", hidden: true });
    this.box = element("form", { class: "cell-form", novalidate: true, autocomplete: "off" });
    this.box.addEventListener("input", () => (this.touched = true));
    this.box.addEventListener("keydown", (event) => this.keydown(event));
    this.box.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
  }

  /** Takes the field's control out of the form of a page; whether it has one. */
  take(page) {
    const form = page.querySelector("lf-form form");
    const control = form?.querySelector(`[name="${CSS.escape(this.field)}"]`)?.closest(".field");
    if (!control) return false;
    // The list may have controls of the same names.
    for (const name of ["id", "for", "aria-describedby"]) {
      for (const node of control.querySelectorAll(`[${name}]`)) {
        node.setAttribute(name, node.getAttribute(name).split(" ").map((id) => `cell-${id}`).join(" "));
      }
    }
    control.querySelector(":scope > label:not(.hit)")?.classList.add("visually-hidden");
    control.remove();
    this.form = form;
    const save = element("button", { class: "btn btn-primary btn-icon", type: "submit", "aria-label": "Save" }, icon("check"));
    const leave = element("button", { class: "btn btn-icon", type: "button", "aria-label": "Leave as it was" }, icon("cross"));
    leave.addEventListener("click", () => this.leave());
    this.box.replaceChildren(control, save, leave, this.told);
    return true;
  }

  attach(cell) {
    this.kept = [...cell.childNodes];
    cell.replaceChildren(this.box);
  }

  focus() {
    const control = [...this.box.querySelectorAll("input, select")].find((one) => visible(one) && one.tabIndex >= 0);
    control?.focus();
    return control;
  }

  keydown(event) {
    // Lists of choices take their own keys first.
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.leave();
    } else if (event.key === "Enter" && event.target.matches("input, select")) {
      event.preventDefault();
      this.save();
    }
  }

  close() {
    this.cells.editor = null;
    const cell = this.box.parentElement;
    if (cell && this.kept) cell.replaceChildren(...this.kept);
  }

  leave() {
    this.close();
    this.cells.pen(this.key)?.focus();
  }

  /** Saved where anything was typed, else left; whether another cell may be opened. */
  async done() {
    if (this.touched || this.underway) return this.save();
    this.close();
    return true;
  }

  /** Sent once, however often it is asked for meanwhile. */
  save() {
    this.underway ??= this.send().finally(() => (this.underway = null));
    return this.underway;
  }

  async send() {
    const data = new FormData(this.form);
    for (const [name, value] of new FormData(this.box)) data.append(name, value);
    if (!data.has("back")) data.append("back", location.pathname + location.search);
    const action = this.form.getAttribute("action");
    this.tell("");
    this.box.setAttribute("aria-busy", "true");
    try {
      const body = this.form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
      const answer = await fetch(action, { method: "POST", body });
      const page = parse(await answer.text());
      const rows = page.getElementById("results");
      if (answer.ok && answer.redirected && (rows || new URL(answer.url).pathname === action)) {
        this.close();
        if (rows) place(page);
        else await exchange(location.href).catch(() => false);
        this.cells.pen(this.key)?.focus();
        say(page.querySelector(".toast span")?.textContent ?? "Saved.");
        return true;
      }
      this.refused(answer, page);
    } catch {
      this.tell("The server cannot be reached. What you typed stands here: save it again.");
    } finally {
      this.box.removeAttribute("aria-busy");
    }
    this.focus();
    return false;
  }

  /** What the answer says of it: at the control, or below it. */
  refused(answer, page) {
    const form = page.querySelector("lf-form form");
    if (!form) {
      const ended = answer.status === 401 || answer.redirected;
      const why = page.querySelector("#main .note p, #main .lead, h1");
      this.tell(ended ? "Your session has ended. Sign in again in another tab, then save: what you typed stands here." : why ? words(why) : "It was not saved.");
      return;
    }
    const told = [];
    const faster = form.querySelector(".note-warn[role=alert]");
    if (faster) {
      told.push(words(faster.querySelector("b")));
      for (const theirs of faster.querySelectorAll("li")) told.push(`As it stands now: ${words(theirs)}.`);
    }
    for (const fault of form.querySelectorAll("#issues p:not(:has(a))")) told.push(words(fault));
    const here = form.querySelector(`[name="${CSS.escape(this.field)}"]`)?.closest(".field");
    for (const error of form.querySelectorAll(".field .field-error")) {
      const field = error.closest(".field");
      if (field !== here) told.push(`${words(field.querySelector("label, legend")).replace(/ required$/, "")}: ${words(error)}`);
    }
    const taken = this.take(page);
    this.tell(told.join(" ") || (taken ? "" : "It was not saved."));
  }

  tell(text) {
    this.told.hidden = text === "";
    this.told.replaceChildren(...(text ? [icon("alert"), element("span", {}, text)] : []));
  }
}

class Cells extends HTMLElement {
  connectedCallback() {
    for (const name of ["click", "dblclick", "keydown", "placed"]) this.addEventListener(name, this);
    addEventListener("beforeunload", this);
  }

  disconnectedCallback() {
    removeEventListener("beforeunload", this);
  }

  handleEvent(event) {
    this[event.type](event);
  }

  beforeunload(event) {
    if (this.editor?.touched) event.preventDefault();
  }

  /** The pen of a cell, among the rows that are shown now. */
  pen(key) {
    return this.querySelector(`.cell-edit[data-cell="${CSS.escape(key)}"]`);
  }

  click(event) {
    const pen = event.target.closest(".cell-edit");
    if (!pen || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.open(pen.dataset.cell);
  }

  dblclick(event) {
    if (event.target.closest("a, button, input, select, label")) return;
    const pen = event.target.closest("td, th")?.querySelector(":scope > .cell-edit");
    if (pen && visible(pen)) this.open(pen.dataset.cell);
  }

  async open(key) {
    if (this.opening) return;
    this.opening = true;
    try {
      if (this.editor && !(await this.editor.done())) return;
      const pen = this.pen(key);
      if (pen) await this.bring(pen, key);
    } finally {
      this.opening = false;
    }
  }

  async bring(pen, key) {
    const cell = pen.closest("td, th");
    const editor = new Editor(this, key);
    cell.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(pen.href, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected || !editor.take(parse(await answer.text()))) throw new Error(key);
    } catch {
      // Whatever it was, the whole page tells it better.
      location.assign(pen.href);
      return;
    } finally {
      cell.removeAttribute("aria-busy");
    }
    // The rows may have been put anew meanwhile.
    const place = this.pen(key)?.closest("td, th");
    if (!place) return;
    this.editor = editor;
    editor.attach(place);
    const control = editor.focus();
    if (control?.type === "text") control.select();
  }

  /** New rows are shown: what is being changed goes on in its cell. */
  placed() {
    const editor = this.editor;
    if (!editor) return;
    const cell = this.pen(editor.key)?.closest("td, th");
    if (cell) return editor.attach(cell);
    const typed = [...new FormData(editor.box).values()].join(", ");
    this.editor = null;
    if (editor.touched) say(`“${typed}” was not saved: its row is not among those that are shown.`);
  }

  keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || isTyping(event.target)) return;
    const row = event.target.closest("tbody tr");
    if (!row || event.target.closest(".cell-form")) return;
    const next = this.neighbour(row, event.target, event.key);
    if (!next) return;
    event.preventDefault();
    // Rows have arrows of their own.
    event.stopPropagation();
    next.focus();
  }

  neighbour(row, here, key) {
    if (key === "ArrowRight" || key === "ArrowLeft") {
      const stops = [...row.querySelectorAll("th a.primary, .cell-edit")].filter(visible);
      return stops[stops.indexOf(here) + (key === "ArrowRight" ? 1 : -1)];
    }
    if (!here.matches(".cell-edit") || (key !== "ArrowUp" && key !== "ArrowDown")) return null;
    const field = here.dataset.cell.slice(here.dataset.cell.indexOf("/"));
    const column = [...this.querySelectorAll(".cell-edit")].filter((pen) => pen.dataset.cell.endsWith(field));
    return column[column.indexOf(here) + (key === "ArrowDown" ? 1 : -1)];
  }
}

define("lf-cells", Cells);
