/** The chosen numbers as arrows over the picture: a drawing of them, nothing more. */

import { desk, stage } from "./label-desk.js";
import { commandButton, paintCaps } from "./label-build.js";
import { byId, make } from "./elements.js";
import { tiltOf } from "./pad-numbers.js";
import { shape } from "./pad-plane.js";
import { settings } from "./settings.js";

const HEAD = 11; // pixels
const MOST_LINES = 3;

export class Arrow {
  /** @param {HTMLElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.drawing = shape("svg", "arrow");
    this.drawing.setAttribute("aria-hidden", "true");
    this.note = make("p", { class: "arrow-note" }, "Drawing of your numbers");
    canvas.after(this.drawing);
    stage.append(this.note);
    byId("replay").before(commandButton("arrow", "Arrow", "plain"));
    paintCaps();
    new ResizeObserver(() => this.paint(this.pad)).observe(canvas);
    /** @type {any} */ this.pad = null;
  }

  /** @param {any} pad what to draw, or nothing */
  paint(pad) {
    this.pad = pad;
    const { clientWidth: wide, clientHeight: high } = this.canvas;
    const shown = pad !== null && settings.arrow && wide > 0 && !desk.consequences?.open;
    const arrows = shown ? [...planesOf(pad, wide, high), ...linesOf(pad, wide, high)] : [];
    const drawn = arrows.length > 0;
    this.drawing.toggleAttribute("hidden", !drawn);
    this.note.hidden = !drawn;
    for (const button of document.querySelectorAll("[data-command=arrow]")) button.setAttribute("aria-pressed", String(settings.arrow));
    if (!drawn) return;
    this.drawing.setAttribute("width", String(wide));
    this.drawing.setAttribute("height", String(high));
    this.drawing.classList.toggle("hollow", pad.hollow);
    this.drawing.replaceChildren(...arrows);
  }
}

/** One arrow for each pair, beside each other. */
function planesOf(pad, wide, high) {
  const far = 0.38 * Math.min(wide / pad.pairs.length, high);
  return pad.pairs.flatMap(({ across, along, mirrored, sunk }, at) => {
    if (!pad.known[across.index] || !pad.known[along.index]) return [];
    const right = tiltOf(across, pad.values[across.index]) * (mirrored ? -1 : 1);
    const up = tiltOf(along, pad.values[along.index]) * (sunk ? -1 : 1);
    return arrow((wide * (2 * at + 1)) / (2 * pad.pairs.length), high / 2, far * right, -far * up);
  });
}

/** One arrow for each number that has no pair, below each other. */
function linesOf(pad, wide, high) {
  const paired = new Set(pad.pairs.flatMap(({ across, along }) => [across.index, along.index]));
  const alone = pad.numbers.filter((part) => !paired.has(part.index) && pad.known[part.index]);
  if (alone.length > MOST_LINES) return [];
  return alone.flatMap((part, at) => arrow(wide / 2, high - 22 - 24 * at, 0.4 * wide * tiltOf(part, pad.values[part.index]), 0));
}

/** A light line around a dark one around the color: it reads on every picture. */
function arrow(x, y, right, down) {
  const long = Math.hypot(right, down);
  const path = long < 2 ? `M${x} ${y}h0.01` : `M${x} ${y}l${right} ${down}${head(right / long, down / long, Math.min(HEAD, long))}`;
  return ["arrow-halo", "arrow-edge", "arrow-core"].map((kind) => {
    const line = shape("path", kind);
    line.setAttribute("d", path);
    return line;
  });
}

function head(right, down, size) {
  const [one, other] = [[-right - down, right - down], [-right + down, -right - down]];
  const scaled = (/** @type {number[]} */ [x, y]) => `${size * x} ${size * y}`;
  const back = (/** @type {number[]} */ [x, y]) => `${-size * x} ${-size * y}`;
  return `l${scaled(one)}m${back(one)}l${scaled(other)}`;
}
