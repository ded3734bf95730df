/** The frames of a clip beside each other, with what is said about each. */

import { desk } from "./label-desk.js";
import { make, say } from "./elements.js";
import { drawFrame } from "./picture.js";

const HIGH = 54; // pixels

export class Filmstrip {
  #lit = -1;

  /**
   * @param {import("./picture.js").Strip} strip
   * @param {import("./label-marks.js").Marks} marks
   * @param {(frame: number) => void} go
   */
  constructor(strip, marks, go) {
    this.marks = marks;
    this.cells = Array.from({ length: strip.frames }, (_, frame) => cellOf(strip, frame, go));
    this.cells.forEach(({ button }, frame) => (button.disabled = frame < marks.first));
    this.element = make("div", { id: "film", role: "group", "aria-label": "Frames of the run" }, ...this.cells.map(({ button }) => button));
  }

  /** @param {number} here the frame that is open */
  show(here) {
    this.cells.forEach(({ button, sign }, frame) => {
      const action = this.marks.at(frame);
      const kind = this.marks.has(frame) ? "mark" : action ? "filled" : "open";
      button.dataset.kind = kind;
      say(sign, action ? desk.pad.sign(action) : "");
      const said = action ? `${kind === "mark" ? "marked" : "filled in"}, ${desk.pad.name(action)}` : "nothing said";
      button.setAttribute("aria-label", `${this.#when(frame)}: ${said}`);
    });
    this.light(here);
    this.cells[here].button.scrollIntoView({ inline: "nearest", block: "nearest" });
  }

  /** @param {number} frame */
  light(frame) {
    this.cells[this.#lit]?.button.removeAttribute("aria-current");
    this.cells[frame].button.setAttribute("aria-current", "true");
    this.#lit = frame;
  }

  /** @param {number} frame */
  #when(frame) {
    const before = this.marks.stepsBefore(frame);
    return before ? `${before} steps before` : "the moment";
  }
}

/**
 * @param {import("./picture.js").Strip} strip
 * @param {number} frame
 * @param {(frame: number) => void} go
 */
function cellOf(strip, frame, go) {
  const scale = (HIGH * 2) / strip.height;
  const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { width: String(Math.round(strip.width * scale)), height: String(HIGH * 2), "aria-hidden": "true" }));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  context.scale(scale, scale);
  drawFrame(context, strip, frame);
  const sign = make("span", { class: "film-sign" });
  const button = /** @type {HTMLButtonElement} */ (make("button", { type: "button", class: "film-frame", click: () => go(frame) },
    canvas, make("span", { class: "film-mark", "aria-hidden": "true" }), sign));
  return { button, sign };
}
