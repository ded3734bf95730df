/** One number: a slider between its bounds, its exact value, and whether it is known. */

import { make } from "./elements.js";
import { short } from "./numbers.js";
import { shareOf } from "./pad-numbers.js";

/** What may stand in the field on the way to a number. */
const BEGUN = /^[-−]?\d*[.,]?\d*$/;

/**
 * @typedef {import("./pad-numbers.js").Part} Part
 * @typedef {{set: (values: Map<number, number>) => void, know: (index: number, known: boolean) => void,
 *   activate: (part: any) => void, tell: (words: string) => void}} Hands
 */

export class Slider {
  #typed = "";

  /** @param {Part} part @param {Hands} hands */
  constructor(part, hands) {
    this.part = part;
    this.hands = hands;
    this.numbers = [part];
    this.tick = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", checked: true, "aria-label": `${part.name}: I know this number` }));
    this.tick.addEventListener("change", () => hands.know(part.index, this.tick.checked));
    this.input = /** @type {HTMLInputElement} */ (make("input", { type: "text", inputmode: "decimal", autocomplete: "off", class: "exact", "aria-label": `${part.name}, exact number` }));
    this.#listenToTyping();
    this.fill = make("span", { class: "slider-fill" });
    this.before = make("span", { class: "slider-thumb before", hidden: true });
    this.thumb = make("span", { class: "slider-thumb" });
    this.rail = make("div", { class: "slider-rail" }, make("span", { class: "slider-line" }), this.fill, this.before, this.thumb);
    this.element = make("div", { class: "slider", role: "slider", tabindex: "0", "data-part": true, "aria-label": part.name,
      "aria-valuemin": String(part.from), "aria-valuemax": String(part.to) }, this.rail);
    this.row = make("div", { class: "number" },
      make("label", { class: "number-name" }, this.tick, make("span", {}, part.name)),
      make("span", { class: "number-value" }, this.input, make("span", { class: "unit" }, part.unit)),
      make("div", { class: "number-range" },
        make("span", { class: "number-end", "aria-hidden": "true" }, end(part.low, "−∞")),
        this.element,
        make("span", { class: "number-end", "aria-hidden": "true" }, end(part.high, "∞"))));
    this.element.addEventListener("focus", () => hands.activate(this));
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.element.setPointerCapture(event.pointerId);
      this.#follow(event);
    });
    this.element.addEventListener("pointermove", (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) this.#follow(event);
    });
  }

  /** @param {PointerEvent} event */
  #follow(event) {
    const { part } = this;
    const box = this.rail.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    this.hands.set(new Map([[part.index, part.from + share * (part.to - part.from)]]));
  }

  /** Only what can become a number between the bounds can be typed. */
  #listenToTyping() {
    const { input, part, hands } = this;
    input.addEventListener("focus", () => {
      hands.activate(this);
      input.select();
    });
    input.addEventListener("input", () => {
      const value = numberIn(input.value);
      const beyond = value !== null && (value > Math.max(part.high, 0) || value < Math.min(part.low, 0));
      if (!BEGUN.test(input.value) || beyond) {
        input.value = this.#typed;
        if (beyond) hands.tell(`${part.name} lies between ${end(part.low, "−∞")} and ${end(part.high, "∞")}.`);
      }
      this.#typed = input.value;
      const good = numberIn(this.#typed);
      if (good !== null && good >= part.low && good <= part.high) hands.set(new Map([[part.index, good]]));
    });
    input.addEventListener("keydown", (event) => {
      if (!["Enter", "Escape"].includes(event.code) && event.code !== "NumpadEnter") return;
      event.preventDefault();
      event.stopPropagation();
      this.element.focus();
    });
    input.addEventListener("blur", () => this.#write(this.value));
  }

  /** @param {"left" | "right" | "up" | "down"} move */
  moved(move) {
    return { part: this.part, by: move === "left" || move === "down" ? -1 : 1 };
  }

  /**
   * @param {number[]} values
   * @param {boolean[]} known
   * @param {(number | null)[] | null} before the answer that stands
   */
  show(values, known, before) {
    const { part } = this;
    const knows = known[part.index];
    const value = values[part.index];
    this.value = knows ? value : null;
    this.tick.checked = knows;
    this.row.classList.toggle("unknown", !knows);
    const here = 100 * shareOf(part, value);
    const rest = 100 * shareOf(part, part.zero);
    this.thumb.style.left = `${here}%`;
    this.fill.style.left = `${Math.min(here, rest)}%`;
    this.fill.style.width = `${Math.abs(here - rest)}%`;
    this.element.setAttribute("aria-valuenow", String(value));
    this.element.setAttribute("aria-valuetext", knows ? `${short(value)} ${part.unit}`.trim() : "not known");
    const was = before?.[part.index] ?? null;
    this.before.hidden = was === null;
    if (was !== null) this.before.style.left = `${100 * shareOf(part, was)}%`;
    if (document.activeElement !== this.input) this.#write(this.value);
  }

  /** @param {number | null | undefined} value */
  #write(value) {
    this.#typed = value === null || value === undefined ? "" : signed(value);
    if (this.input.value !== this.#typed) this.input.value = this.#typed;
    this.input.placeholder = value === null ? "?" : "";
  }
}

/** Every digit that counts. @param {number} value */
function signed(value) {
  return String(Number(value.toPrecision(6))).replace("-", "−");
}

/** @param {number} bound @param {string} none */
function end(bound, none) {
  return Number.isFinite(bound) ? short(bound) : none;
}

/** @param {string} text */
function numberIn(text) {
  const plain = text.replace("−", "-").replace(",", ".");
  return /\d/.test(plain) ? Number(plain) : null;
}
