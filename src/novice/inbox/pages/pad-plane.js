/** Two numbers as one point in a plane. */

import { make } from "./elements.js";
import { shareOf } from "./pad-numbers.js";

const DRAWING = "http://www.w3.org/2000/svg";

/**
 * @typedef {import("./pad-numbers.js").Part} Part
 * @typedef {{across: Part, along: Part, mirrored: boolean, sunk: boolean}} Pair
 * @typedef {{set: (values: Map<number, number>) => void, activate: (part: any) => void}} Hands
 */

export class Plane {
  /** @param {Pair} pair @param {Hands} hands */
  constructor(pair, hands) {
    this.pair = pair;
    this.hands = hands;
    this.numbers = [pair.across, pair.along];
    this.line = shape("line", "plane-line");
    const drawing = shape("svg", "plane-drawing");
    drawing.setAttribute("viewBox", "0 0 100 100");
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.setAttribute("aria-hidden", "true");
    const rest = this.#place(pair.across.zero, pair.along.zero);
    drawing.append(
      line(rest.left, 0, rest.left, 100, "plane-rest"),
      line(0, rest.top, 100, rest.top, "plane-rest"),
      this.line,
    );
    this.before = make("span", { class: "plane-point before", hidden: true });
    this.point = make("span", { class: "plane-point" });
    this.field = make("div", { class: "plane-field" }, drawing, this.before, this.point);
    this.element = make("div", { class: "plane", role: "group", tabindex: "0", "data-part": true, "aria-roledescription": "plane of two numbers" },
      this.field,
      make("span", { class: "plane-name up", "aria-hidden": "true" }, `${pair.sunk ? "↓" : "↑"} ${pair.along.name}`),
      make("span", { class: "plane-name", "aria-hidden": "true" }, `${pair.across.name} ${pair.mirrored ? "←" : "→"}`));
    this.element.addEventListener("focus", () => hands.activate(this));
    this.field.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.field.setPointerCapture(event.pointerId);
      this.#follow(event);
    });
    this.field.addEventListener("pointermove", (event) => {
      if (this.field.hasPointerCapture(event.pointerId)) this.#follow(event);
    });
  }

  /** @param {PointerEvent} event */
  #follow(event) {
    const box = this.field.getBoundingClientRect();
    const { across, along, mirrored, sunk } = this.pair;
    const right = (event.clientX - box.left) / box.width;
    const down = (event.clientY - box.top) / box.height;
    const value = (/** @type {Part} */ part, /** @type {number} */ share) =>
      part.from + Math.min(Math.max(share, 0), 1) * (part.to - part.from);
    this.hands.set(new Map([
      [across.index, value(across, mirrored ? 1 - right : right)],
      [along.index, value(along, sunk ? down : 1 - down)],
    ]));
  }

  /** Where a point lies, in hundredths. @param {number} across @param {number} along */
  #place(across, along) {
    const right = shareOf(this.pair.across, across);
    const up = shareOf(this.pair.along, along);
    return { left: 100 * (this.pair.mirrored ? 1 - right : right), top: 100 * (this.pair.sunk ? up : 1 - up) };
  }

  /** Which number a move changes, and in which direction. @param {"left" | "right" | "up" | "down"} move */
  moved(move) {
    const { across, along, mirrored, sunk } = this.pair;
    if (move === "left" || move === "right") return { part: across, by: (move === "right") === mirrored ? -1 : 1 };
    return { part: along, by: (move === "up") === sunk ? -1 : 1 };
  }

  /**
   * @param {number[]} values
   * @param {boolean[]} known
   * @param {(number | null)[] | null} before the answer that stands
   * @param {string} said
   */
  show(values, known, before, said) {
    const { across, along } = this.pair;
    const here = this.#place(values[across.index], values[along.index]);
    const rest = this.#place(across.zero, along.zero);
    put(this.point, here);
    for (const [name, value] of Object.entries({ x1: rest.left, y1: rest.top, x2: here.left, y2: here.top })) {
      this.line.setAttribute(name, String(value));
    }
    this.element.classList.toggle("unknown-across", !known[across.index]);
    this.element.classList.toggle("unknown-along", !known[along.index]);
    this.element.setAttribute("aria-label", said);
    const was = [before?.[across.index] ?? null, before?.[along.index] ?? null];
    this.before.hidden = was.includes(null);
    if (!this.before.hidden) put(this.before, this.#place(/** @type {number} */ (was[0]), /** @type {number} */ (was[1])));
  }
}

/** @param {HTMLElement} point @param {{left: number, top: number}} place */
function put(point, { left, top }) {
  point.style.left = `${left}%`;
  point.style.top = `${top}%`;
}

/** @param {string} name @param {string} kind */
export function shape(name, kind) {
  const element = document.createElementNS(DRAWING, name);
  element.setAttribute("class", kind);
  return element;
}

function line(x1, y1, x2, y2, kind) {
  const element = shape("line", kind);
  for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) element.setAttribute(name, String(value));
  return element;
}
