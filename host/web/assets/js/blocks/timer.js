// A timer that runs, told to the second; without script it is told to the minute of the page.
import { define } from "../dom.js";

const two = (number) => String(number).padStart(2, "0");

class Timer extends HTMLElement {
  connectedCallback() {
    this.since = Date.parse(this.dataset.since);
    this.before = Number(this.dataset.today);
    // The page's clock may be off; what counts is how long it has been on show.
    this.shown = Date.now();
    const time = this.querySelector("time");
    this.offset = Number(/\d+/.exec(time.dateTime)?.[0] ?? 0) * 1000;
    this.timer = setInterval(() => this.tick(), 1000);
    this.tick();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  tick() {
    const seconds = Math.max(0, Math.floor((this.offset + Date.now() - this.shown) / 1000));
    const time = this.querySelector("time");
    time.textContent = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}`;
    time.dateTime = `PT${seconds}S`;
    time.title = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    const minutes = Math.floor((this.before + seconds) / 60);
    const sum = this.querySelector("[data-sum]");
    if (sum) sum.textContent = `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
  }
}

define("lf-timer", Timer);
