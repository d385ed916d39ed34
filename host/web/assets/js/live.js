// A list follows what others do: rows that are shown are put right quietly, new ones are told of and shown on request.
// Who looks away is not kept up to date; who comes back is.
import { define, element } from "./dom.js";
import { exchange } from "./filter.js";

const GATHER = 300;

class Live extends HTMLElement {
  connectedCallback() {
    if (!window.EventSource) return;
    this.fresh = new Set();
    this.said = element("span", { role: "status" });
    this.append(this.said);
    document.addEventListener("visibilitychange", this);
    if (!document.hidden) this.open();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this);
    this.close();
  }

  handleEvent() {
    if (document.hidden) return this.close();
    this.open();
    this.soon();
  }

  open() {
    this.close();
    this.source = new EventSource(`/api/v1/changes?collection=${encodeURIComponent(this.dataset.collection)}`);
    this.source.addEventListener("change", (event) => this.heard(JSON.parse(event.data)));
    this.source.addEventListener("reset", () => this.soon());
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  heard(change) {
    if (this.row(change.id)) return this.soon();
    if (change.kind !== "insert" && change.kind !== "restore") return;
    this.fresh.add(change.id);
    this.tell();
  }

  tell() {
    const words = this.fresh.size === 0 ? "" : `${this.fresh.size} new`;
    if (this.said.textContent === words) return;
    if (!words) return this.said.replaceChildren();
    const button = element("button", { class: "btn btn-small", type: "button" }, words);
    button.addEventListener("click", () => this.show());
    this.said.replaceChildren(button);
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      // Whoever is at work in the rows is not to lose their place.
      if (document.getElementById("results").contains(document.activeElement)) this.soon();
      else this.show();
    }, GATHER);
  }

  async show() {
    // A filter's rows are on their way.
    if (document.getElementById("results").hasAttribute("aria-busy")) return this.soon();
    const asked = [...this.fresh];
    try {
      if (!(await exchange(location.href))) return;
    } catch (error) {
      // Other rows were asked for meanwhile; or the server is away, and the source says when it is back.
      return error.name === "AbortError" ? this.soon() : undefined;
    }
    // What was heard of while the rows were on their way may not be among them.
    asked.forEach((id) => this.fresh.delete(id));
    for (const id of this.fresh) if (this.row(id)) this.fresh.delete(id);
    this.tell();
  }

  row(id) {
    return document.querySelector(`#results a[href$="/${CSS.escape(id)}"]`);
  }
}

define("lf-live", Live);
