/** One of the two moments: what it looked like, and what was answered. */

import { make, say } from "./elements.js";
import { Player } from "./picture.js";
import { Bars } from "./screen.js";
import { authorOf } from "./settle-words.js";

/** Answers further apart than this, in half-ranges, are marked. */
const APART = 0.2;

export class Side {
  /** @param {"left" | "right"} name @param {any} words of the task */
  constructor(name, words) {
    this.words = words;
    this.title = name === "left" ? "Left" : "Right";
    this.canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { role: "img", width: "3", height: "2" }));
    this.frame = make("div", { class: "frame" }, this.canvas);
    this.player = new Player(this.canvas, () => {});
    this.observed = make("div", { class: "bars", role: "group", "aria-label": `What the agent observed, ${name}` });
    this.bars = new Bars(this.observed, words.observation);
    this.step = make("span", { class: "quiet" });
    this.author = make("p", { class: "author" });
    this.says = make("p", { class: "says" });
    this.numbers = make("div", { class: "bars", role: "group", "aria-label": `The answer, ${name}` });
    this.element = make("article", { class: "side", "data-side": name, "aria-label": `The ${name} moment` },
      make("h2", {}, this.title, this.step), this.frame, this.observed,
      make("div", { class: "answer" }, make("span", { class: "quiet" }, "Answer"), this.says, this.numbers), this.author);
  }

  /**
   * @param {any} told the moment, and what was answered there
   * @param {any} other the other side's
   * @param {any} author who answered, or null while nobody is to know
   */
  show(told, other, author) {
    this.element.dataset.row = String(told.row);
    const seconds = this.words.step_seconds;
    const time = seconds ? `, ${(told.step * seconds).toFixed(1)} s` : "";
    say(this.step, `step ${told.step}${time}`);
    this.canvas.setAttribute("aria-label", `The ${this.title.toLowerCase()} moment, step ${told.step}`);
    this.bars.show(told.observation);
    const real = told.action !== null && this.words.action?.kind === "real";
    this.says.hidden = real;
    this.numbers.hidden = !real;
    say(this.says, told.says);
    if (real) this.#showNumbers(told.action, other.action);
    this.author.hidden = author === null;
    say(this.author, author === null ? "" : authorOf(author));
  }

  /** Every number of a real action, those marked that the other answer contradicts. */
  #showNumbers(action, other) {
    const { names, units, low, high, half_range: half } = this.words.action;
    const known = action.map((_, index) => index).filter((index) => action[index] !== null);
    const rows = known.map((index) => ({ name: names[index], unit: units[index], low: low[index], high: high[index] }));
    new Bars(this.numbers, rows).show(known.map((index) => action[index]));
    known.forEach((index, place) => {
      const apart = other[index] === null ? 0 : Math.abs(action[index] - other[index]) / half[index];
      this.numbers.children[place]?.classList.toggle("apart", apart > APART);
    });
  }

  /** @param {import("./picture.js").Strip | null} strip */
  draw(strip) {
    if (strip) this.player.show(strip);
    else this.player.stop();
  }
}
