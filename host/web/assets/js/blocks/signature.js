// A signature drawn with finger, pen or mouse. What is drawn is kept as strokes of whole points in a field that goes with
// the form; without script that field stays empty, and a typed name serves as well.
import { define } from "../dom.js";

const WIDTH = 600;
const HEIGHT = 200;
const MOST = 2000;

class Signature extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input");
    this.canvas = this.querySelector("canvas");
    this.strokes = [...this.field.value.matchAll(/M[^M]*/g)].map(([stroke]) =>
      [...stroke.matchAll(/(\d+) (\d+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
    );
    for (const act of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) this.canvas.addEventListener(act, this);
    this.querySelector("button").addEventListener("click", this);
    this.classList.add("is-live");
    this.draw();
  }

  handleEvent(event) {
    if (event.type === "click") this.clear();
    else if (event.type === "pointerdown") this.begin(event);
    else if (event.type === "pointermove") this.go(event);
    else this.end();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const within = (share, most) => Math.min(most, Math.max(0, Math.round(share * most)));
    return [within((event.clientX - box.left) / box.width, WIDTH), within((event.clientY - box.top) / box.height, HEIGHT)];
  }

  begin(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.stroke = [this.at(event)];
    this.strokes.push(this.stroke);
  }

  go(event) {
    if (!this.stroke || this.strokes.flat().length >= MOST) return;
    const [x, y] = this.at(event);
    const [was, before] = this.stroke.at(-1);
    if (Math.abs(x - was) + Math.abs(y - before) < 2) return;
    this.stroke.push([x, y]);
    this.draw();
  }

  end() {
    if (!this.stroke) return;
    // A dot is a stroke too short to be seen.
    if (this.stroke.length < 2) this.strokes.pop();
    this.stroke = undefined;
    this.keep();
  }

  clear() {
    this.strokes = [];
    this.keep();
    this.draw();
  }

  keep() {
    this.field.value = this.strokes.map((stroke) => stroke.map(([x, y], at) => `${at ? "L" : "M"}${x} ${y}`).join("")).join("");
  }

  draw() {
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, WIDTH, HEIGHT);
    context.strokeStyle = getComputedStyle(this.canvas).color;
    context.lineWidth = 3;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.strokes) {
      context.beginPath();
      stroke.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.stroke();
    }
  }
}

define("lf-signature", Signature);
