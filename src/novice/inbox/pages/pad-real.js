/** Real numbers: planes for pairs, a slider for each, and keys that nudge them. */

import { commandButton } from "./label-build.js";
import { offersPolicy } from "./label-numbers.js";
import { tell } from "./label-paint.js";
import { make } from "./elements.js";
import { capOfCommand, codeOf } from "./keys.js";
import { short } from "./numbers.js";
import { clipped, numbersOf, pairsOf, tilted } from "./pad-numbers.js";
import { Plane } from "./pad-plane.js";
import { Slider } from "./pad-slider.js";

export { Arrow } from "./label-arrow.js";

const MOVES = /** @type {const} */ (["left", "right", "up", "down"]);
const MOST_SAID = 6;
const NUDGE = 0.05; // of the range
const FAR_NUDGE = 0.2;
const FINE_NUDGE = 0.01;

export class RealPad {
  kind = "real";
  /** Numbers between the person's own, which are drawn hollow. */ hollow = false;
  /** The answer that stands, while it is looked at. @type {(number | null)[] | null} */ #before = null;
  #active = 0;

  /** @param {any} action @param {(meant: import("./pad.js").Meant) => void} clicked */
  constructor(action, clicked) {
    this.clicked = clicked;
    this.numbers = numbersOf(action);
    this.pairs = pairsOf(this.numbers);
    this.values = this.numbers.map((part) => part.zero);
    this.known = this.numbers.map(() => true);
    const hands = {
      set: (/** @type {Map<number, number>} */ values) => this.#change(values),
      know: (/** @type {number} */ index, /** @type {boolean} */ known) => {
        this.known[index] = known;
        this.#changed();
      },
      activate: (/** @type {any} */ part) => this.#activate(this.parts.indexOf(part)),
      tell,
    };
    this.planes = this.pairs.map((pair) => new Plane(pair, hands));
    this.sliders = this.numbers.map((part) => new Slider(part, hands));
    /** @type {(Plane | Slider)[]} */ this.parts = [...this.planes, ...this.sliders];
    this.element = make("div", { class: "real-pad", "data-planes": String(this.planes.length) },
      this.planes.length ? make("div", { class: "planes" }, ...this.planes.map((plane) => plane.element)) : null,
      make("div", { class: "sliders" }, ...this.sliders.map((slider) => slider.row)),
      make("div", { class: "real-tools" },
        commandButton("zero", "Zero", "small"),
        commandButton("previous", "Previous", "small"),
        offersPolicy() ? commandButton("policy", "Policy’s", "small") : null));
    this.#activate(0);
    this.#paint();
  }

  /** What would be answered now; null where it is not known. */
  get action() {
    return this.values.map((value, index) => (this.known[index] ? value : null));
  }

  /** The numbers alone; their names stand beside the sliders. */
  get said() {
    const numbers = this.action.map((value) => (value === null ? "?" : short(value)));
    return `Answer: ${numbers.slice(0, MOST_SAID).join(", ")}${numbers.length > MOST_SAID ? " …" : ""}`;
  }

  /** @param {string} code */
  knows(code) {
    return this.nudges(code);
  }

  /** @param {string} code */
  nudges(code) {
    return MOVES.some((move) => codeOf(move) === code);
  }

  /** @param {string} code @param {boolean} shift @param {boolean} alt */
  key(code, shift, alt = false) {
    const move = MOVES.find((each) => codeOf(each) === code);
    if (!move) return null;
    const { part, by } = this.parts[this.#active].moved(move);
    const share = alt ? FINE_NUDGE : shift ? FAR_NUDGE : NUDGE;
    const value = this.values[part.index] + by * share * (part.to - part.from);
    this.#put(new Map([[part.index, value]]));
    return { changed: true };
  }

  /** Follow a stick: from -1 to 1, right and up. @param {number} right @param {number} up @param {number} next */
  steer(right, up, next = 0) {
    const part = this.parts[this.#active + next];
    if (!(part instanceof Plane) && next) return;
    const moves = part instanceof Plane ? [part.moved("right"), part.moved("up")] : [part.moved("right")];
    this.#change(new Map(moves.map(({ part: number, by }, index) => [number.index, tilted(number, by * [right, up][index])])));
  }

  zero() {
    this.#put(new Map(this.parts[this.#active].numbers.map((part) => [part.index, part.zero])));
  }

  /** Say of the marked numbers that they are not known, or that they are. */
  forget() {
    const { numbers } = this.parts[this.#active];
    const known = !numbers.some((part) => this.known[part.index]);
    for (const part of numbers) this.known[part.index] = known;
    this.#paint();
  }

  /** To the part before or after. @param {number} by */
  go(by) {
    this.#activate((this.#active + by + this.parts.length) % this.parts.length);
    this.parts[this.#active].element.focus();
  }

  /** @param {(number | null)[]} action */
  set(action) {
    action.forEach((value, index) => {
      this.known[index] = value !== null;
      if (value !== null) this.values[index] = clipped(this.numbers[index], value);
    });
    this.#paint();
  }

  /** @param {Map<number, number>} values */
  #change(values) {
    this.#put(values);
    this.clicked({ changed: true });
  }

  #changed() {
    this.#paint();
    this.clicked({ changed: true });
  }

  /** @param {Map<number, number>} values */
  #put(values) {
    for (const [index, value] of values) {
      this.values[index] = clipped(this.numbers[index], value);
      this.known[index] = true;
    }
    this.#paint();
  }

  /** @param {number} index */
  #activate(index) {
    this.#active = index;
    this.parts.forEach((part, at) => (part instanceof Slider ? part.row : part.element).classList.toggle("active", at === index));
  }

  #paint() {
    for (const slider of this.sliders) slider.show(this.values, this.known, this.#before);
    for (const plane of this.planes) {
      const said = plane.numbers.map((part) => this.#say(part, this.action[part.index])).join(", ");
      plane.show(this.values, this.known, this.#before, said);
    }
  }

  enter() {
    if (this.known.some(Boolean)) return { commit: this.action };
    return { tell: `Tick at least one number, or say with ${capOfCommand("unsure")} that you can’t tell.` };
  }

  erase() {
    return false;
  }

  flash() {}

  /** @param {number[][]} collected @param {(number | null)[][]} before */
  show(collected, before) {
    this.#before = before[0] ?? null;
    this.hollow = false;
    this.set(this.#before ?? this.numbers.map((part) => part.zero));
  }

  /** @param {(number | null)[]} action */
  name(action) {
    return this.numbers.map((part) => this.#say(part, action[part.index])).join(", ");
  }

  /** @param {import("./pad-numbers.js").Part} part @param {number | null} value */
  #say(part, value) {
    return `${part.name} ${value === null || value === undefined ? "unknown" : `${short(value)} ${part.unit}`.trim()}`;
  }

  /** @param {(number | null)[]} action */
  sign(action) {
    const shown = action.slice(0, 3).map((value) => (value === null ? "?" : short(value)));
    return shown.join(" ") + (action.length > 3 ? " …" : "");
  }
}
