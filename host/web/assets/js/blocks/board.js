// A card is dragged to another lane, or moved by the keyboard: arrows go from card to card, M opens what its state allows.
// What moves it is the form that stands on it; a lane that no transition leads to takes it not.
import { define, isTyping } from "../dom.js";
import { say } from "../toast.js";

class Board extends HTMLElement {
  connectedCallback() {
    for (const name of ["dragstart", "dragover", "drop", "dragend", "keydown", "submit"]) this.addEventListener(name, this);
    this.prepare();
  }

  prepare() {
    for (const card of this.querySelectorAll(".card:has(form)")) card.draggable = true;
    this.classList.add("is-live");
  }

  handleEvent(event) {
    this[event.type](event);
  }

  dragstart(event) {
    const card = event.target.closest(".card");
    if (!card?.querySelector("form")) return;
    this.card = card;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.querySelector("h3").textContent);
    card.classList.add("is-moving");
    for (const lane of this.querySelectorAll(".lane")) lane.classList.toggle("is-open", Boolean(this.step(card, lane)));
  }

  dragover(event) {
    const lane = event.target.closest(".lane.is-open");
    for (const other of this.querySelectorAll(".lane.is-over")) if (other !== lane) other.classList.remove("is-over");
    if (!this.card || !lane) return;
    event.preventDefault();
    lane.classList.add("is-over");
  }

  drop(event) {
    const lane = event.target.closest(".lane.is-open");
    if (!this.card || !lane) return;
    event.preventDefault();
    this.step(this.card, lane).selected = true;
    this.send(this.card.querySelector("form"));
  }

  dragend() {
    this.card?.classList.remove("is-moving");
    this.card = null;
    for (const lane of this.querySelectorAll(".lane")) lane.classList.remove("is-open", "is-over");
  }

  /** What moves a card into a lane, where its state allows it. */
  step(card, lane) {
    if (card.closest(".lane") === lane) return null;
    return [...card.querySelectorAll("option")].find((option) => option.dataset.to === lane.dataset.state);
  }

  keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const card = event.target.closest(".card");
    if (event.key === "Escape" && card) {
      card.classList.remove("is-choosing");
      card.querySelector("h3 a").focus();
      return;
    }
    if (isTyping(event.target)) return;
    if (!card) {
      const first = this.querySelector(".card h3 a");
      if (first && event.key.startsWith("Arrow") && event.target.classList.contains("board")) {
        event.preventDefault();
        first.focus();
      }
      return;
    }
    if (event.key === "m" || event.key === "M") {
      if (!card.querySelector("form")) return;
      event.preventDefault();
      card.classList.add("is-choosing");
      card.querySelector("select").focus();
      return;
    }
    const next = this.neighbour(card, event.key);
    if (next) {
      event.preventDefault();
      next.querySelector("h3 a").focus();
    }
  }

  neighbour(card, key) {
    const lanes = [...this.querySelectorAll(".lane")].map((lane) => [...lane.querySelectorAll(".card")]);
    const lane = lanes.findIndex((cards) => cards.includes(card));
    const at = lanes[lane].indexOf(card);
    if (key === "ArrowDown") return lanes[lane][at + 1];
    if (key === "ArrowUp") return lanes[lane][at - 1];
    const side = { ArrowRight: lanes.slice(lane + 1), ArrowLeft: lanes.slice(0, lane).reverse() }[key];
    const cards = side?.find((others) => others.length);
    return cards?.[Math.min(at, cards.length - 1)];
  }

  submit(event) {
    event.preventDefault();
    this.send(event.target);
  }

  /** Posts a card's form and takes the board from the page that answers; what went wrong is said, and nothing moves. */
  async send(form) {
    const name = form.closest(".card").querySelector("h3").textContent;
    const path = form.closest(".card").querySelector("h3 a").getAttribute("href");
    let page;
    let done = false;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
      done = answer.ok;
    } catch {
      say(`“${name}” was not moved: the server cannot be reached.`);
      return;
    }
    const board = page.querySelector("lf-board");
    if (!done || !board) {
      say(page.querySelector(".note-bad p")?.textContent ?? `“${name}” was not moved.`);
      return;
    }
    this.replaceChildren(...board.childNodes);
    this.prepare();
    [...this.querySelectorAll(".card h3 a")].find((link) => link.getAttribute("href") === path)?.focus();
    say(page.querySelector(".toast span")?.textContent ?? `“${name}” was moved.`);
  }
}

define("lf-board", Board);
