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
    const shown = document.querySelector(`#results a[href$="/${CSS.escape(change.id)}"]`);
    if (shown) return this.soon();
    if (change.kind !== "insert" && change.kind !== "restore") return;
    this.fresh.add(change.id);
    const words = this.fresh.size === 1 ? "1 new" : `${this.fresh.size} new`;
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
    if (await exchange(location.href)) {
      this.fresh.clear();
      this.said.replaceChildren();
    }
  }
}

define("lf-live", Live);
