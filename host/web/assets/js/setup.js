// Zone and currency follow the country while one chooses it.
import { define } from "./dom.js";

class Setup extends HTMLElement {
  connectedCallback() {
    const field = (name) => this.querySelector(`[name="${name}"]`);
    field("country").addEventListener("change", (event) => {
      const country = this.querySelector(`#countries option[value="${CSS.escape(event.target.value)}"]`);
      if (!country) return;
      field("time_zone").placeholder = country.dataset.zone;
      field("currency").options[0].textContent = `As usual: ${country.dataset.currency}`;
    });
  }
}

define("lf-setup", Setup);
