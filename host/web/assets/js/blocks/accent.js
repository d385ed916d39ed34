// The page takes on the colour that is chosen, before it is saved.
import { define } from "../dom.js";

class Accent extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", this);
  }

  handleEvent(event) {
    const field = (name) => this.querySelector(`[name="${name}"]`);
    const [hue, chroma] = [field("accent_hue"), field("accent_chroma")];
    if (event.target === hue || event.target === chroma) this.querySelector('[value="own"]').checked = true;
    const chosen = this.querySelector('[name="accent"]:checked')?.value;
    if (chosen?.includes("-")) [hue.value, chroma.value] = chosen.split("-");
    const root = document.documentElement.style;
    const within = (input, most) => input.value !== "" && input.value >= 0 && input.value <= most;
    if (within(hue, 359)) root.setProperty("--brand-hue", hue.value);
    if (within(chroma, 80)) root.setProperty("--brand-chroma", chroma.value / 1000);
  }
}

define("lf-accent", Accent);
