// Files go up as they are chosen or dropped, each with its progress; without this they go with the form.
import { define, element, icon } from "../dom.js";

class Files extends HTMLElement {
  connectedCallback() {
    this.list = this.querySelector(".files");
    this.drop = this.querySelector(".file-drop");
    this.input = this.drop?.querySelector("input[type=file]");
    if (!this.input || this.underway) return;
    this.underway = 0;
    this.input.addEventListener("change", () => this.take(this.input.files));
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) this.drop.addEventListener(name, this);
    this.closest("form")?.addEventListener("submit", (event) => this.hold(event), true);
  }

  handleEvent(event) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    this.drop.toggleAttribute("data-over", event.type === "dragenter" || event.type === "dragover");
    if (event.type === "drop") this.take(event.dataTransfer.files);
  }

  // A form that is sent while a file is on its way would leave the file behind.
  hold(event) {
    if (this.underway === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.say("Wait until the files have arrived.");
  }

  take(files) {
    for (const file of [...files]) this.send(file);
    this.input.value = "";
  }

  get kept() {
    return this.list.querySelectorAll("input[type=checkbox]:checked").length;
  }

  send(file) {
    const max = Number(this.dataset.max);
    if (max === 1) this.list.querySelectorAll("input[type=checkbox]").forEach((box) => (box.checked = false));
    else if (this.kept + this.underway >= max) return this.say(`At most ${max} files.`);
    const bytes = Number(this.dataset.bytes ?? 0);
    if (bytes && file.size > bytes) return this.say(`“${file.name}” is too large.`);
    const bar = element("progress", { max: "100", value: "0", "aria-label": `Sending ${file.name}` });
    const row = element("li", { class: "file" }, this.sign(), element("span", { class: "file-name" }, file.name), bar);
    this.list.append(row);
    this.underway += 1;
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/media?name=${encodeURIComponent(file.name)}`);
    request.responseType = "json";
    if (file.type) request.setRequestHeader("Content-Type", file.type);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = (event.loaded / event.total) * 100;
    });
    request.addEventListener("loadend", () => {
      this.underway -= 1;
      if (request.status === 201) return this.keep(row, request.response);
      row.remove();
      const told = request.response?.issues?.[0]?.message ?? request.response?.detail;
      this.say(told ? `“${file.name}”: ${told}` : `“${file.name}” could not be sent.`);
    });
    request.send(file);
  }

  keep(row, media) {
    const sign = media.width ? element("img", { class: "file-picture", src: `/media/${media.id}/thumbnail`, alt: "", width: "40", height: "40" }) : this.sign();
    const box = element("input", { type: "checkbox", name: this.dataset.field, value: media.id });
    box.checked = true;
    row.replaceChildren(sign, element("label", { class: "hit" }, box, element("span", { class: "file-name" }, media.name)));
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }

  sign() {
    const sign = element("span", { class: "file-picture" });
    sign.append(icon("file"));
    return sign;
  }

  say(text) {
    this.told ??= this.appendChild(element("p", { class: "field-error", role: "alert" }));
    this.told.textContent = text;
  }
}

define("lf-files", Files);
