/** The controls with which an action is named, one kind for each kind of action. */

import { capOf, codesOfChoice } from "./keys.js";
import { make, say } from "./elements.js";

/**
 * What a key or a click on a pad meant: this action and done; this one and more to
 * come; something to tell; or a change on the pad alone.
 * @typedef {{commit: number[]} | {collect: number[]} | {tell: string} | {changed: true}} Meant
 */

/**
 * @param {object} action the words of the task's actions
 * @param {string} task
 * @param {(meant: Meant) => void} clicked
 */
export function makePad(action, task, clicked) {
  if (action.kind === "several") return new RowsPad(rowsOf(action), clicked);
  if (action.kind === "switches") return new SwitchesPad(action, clicked);
  if (action.kind === "discrete" && action.choices.length <= 10) {
    return new KeysPad(action, task, clicked);
  }
  if (action.kind === "discrete") return new NumbersPad(action, clicked);
  return new NoPad();
}

/**
 * @param {HTMLElement} button
 * @param {boolean} chosen
 * @param {boolean} before whether it was the answer that stands
 */
function mark(button, chosen, before) {
  button.setAttribute("aria-pressed", String(chosen));
  button.classList.toggle("was", before);
  const note = /** @type {HTMLElement} */ (button.querySelector(".note"));
  if (note) say(note, before ? "your answer" : "");
}

/** @param {HTMLElement} button */
function flash(button) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const accent = getComputedStyle(button).getPropertyValue("--tint");
  button.animate([{ background: accent }, {}], { duration: 220 });
}

/** @param {string} name @param {string[]} caps */
function choiceButton(name, caps) {
  return make(
    "button",
    { type: "button", class: "button choice", "aria-pressed": "false" },
    make("span", { class: "caps", "aria-hidden": "true" }, ...caps.map((cap) => make("kbd", {}, cap))),
    make("span", { class: "name" }, name),
    make("span", { class: "note" }),
  );
}

/** Up to ten choices: one key each, laid out as the moves lie in the world. */
class KeysPad {
  kind = "discrete";
  /** @type {Map<string, number>} */ #byCode = new Map();

  constructor(action, task, clicked) {
    this.choices = action.choices;
    this.element = make("div", { class: "keys-pad" });
    this.buttons = this.choices.map((choice, index) => {
      const codes = codesOfChoice(task, index, choice.keys ?? []);
      for (const code of codes) if (!this.#byCode.has(code)) this.#byCode.set(code, index);
      const button = choiceButton(choice.name, shownCaps(codes));
      button.title = codes.map(capOf).join(", ");
      button.addEventListener("click", (event) => {
        clicked(event.shiftKey ? { collect: [index] } : { commit: [index] });
      });
      return button;
    });
    this.#layOut(action.idle);
  }

  #layOut(idle) {
    const places = new Map();
    this.choices.forEach((choice, index) => {
      const place = choice.place;
      if (place && !places.has(place)) places.set(place, index);
    });
    if (idle !== null && idle !== undefined && !this.choices[idle]?.place && !places.has("down") && places.size) {
      places.set("down", idle);
    }
    const spatial = make("div", { class: "spatial" });
    const rest = make("div", { class: "rest" });
    const placed = new Map([...places].map(([place, index]) => [index, place]));
    this.buttons.forEach((button, index) => {
      const place = placed.get(index);
      if (place) button.dataset.place = place;
      (place ? spatial : rest).append(button);
    });
    spatial.classList.toggle("with-middle", places.has("up") || places.has("down"));
    if (spatial.childElementCount) this.element.append(spatial);
    if (rest.childElementCount) this.element.append(rest);
  }

  /** @returns {Meant | null} */
  key(code, shift) {
    const index = this.#byCode.get(code);
    if (index === undefined) return null;
    return shift ? { collect: [index] } : { commit: [index] };
  }

  knows(code) {
    return this.#byCode.has(code);
  }

  enter() {
    return null;
  }

  erase() {
    return false;
  }

  flash(action) {
    const button = this.buttons[action[0]];
    if (button) flash(button);
  }

  /** @param {number[][]} collected @param {number[][]} before */
  show(collected, before) {
    this.buttons.forEach((button, index) => {
      const here = (action) => action[0] === index;
      mark(button, collected.some(here), before.some(here));
    });
  }

  name(action) {
    return this.choices[action[0]]?.name ?? String(action[0]);
  }

  /** The shortest sign of an action, for the list of the last answers. */
  sign(action) {
    const choice = this.choices[action[0]];
    const arrow = (choice?.keys ?? []).find((code) => code.startsWith("Arrow"));
    return arrow ? capOf(arrow) : this.name(action);
  }

  usage() {
    return this.choices.map((choice, index) => [
      [...this.#byCode].filter(([, at]) => at === index).map(([code]) => capOf(code)),
      choice.name,
    ]);
  }
}

/** A move or letter first, then the number. @param {string[]} codes */
function shownCaps(codes) {
  const number = codes.find((code) => code.startsWith("Digit"));
  const first = codes.find((code) => code !== number);
  return [first, number].filter((code) => code !== undefined).map((code) => capOf(code));
}

/** Many choices: type the number and Enter, or click. */
class NumbersPad {
  kind = "numbers";
  #typed = "";

  constructor(action, clicked) {
    this.choices = action.choices;
    this.line = make("p", { class: "typed", "aria-live": "polite" });
    const grid = make("div", { class: "numbers" });
    this.buttons = this.choices.map((choice, index) => {
      const button = choiceButton(choice.name, [String(index)]);
      button.addEventListener("click", (event) => {
        this.#typed = "";
        clicked(event.shiftKey ? { collect: [index] } : { commit: [index] });
      });
      grid.append(button);
      return button;
    });
    this.element = make("div", { class: "numbers-pad" }, this.line, grid);
    this.#say();
  }

  #say() {
    const choice = this.choices[Number(this.#typed)];
    const name = this.#typed === "" ? "" : choice ? choice.name : "there is no such choice";
    say(this.line, this.#typed === "" ? "Type a number, then Enter" : `${this.#typed} · ${name}`);
    this.buttons.forEach((button, index) => {
      button.classList.toggle("typed-one", this.#typed !== "" && index === Number(this.#typed));
    });
  }

  key(code) {
    const digit = /^Digit(\d)$/.exec(code);
    if (!digit) return null;
    this.#typed = String(Number(this.#typed + digit[1])).slice(0, 4);
    this.#say();
    return { changed: true };
  }

  knows(code) {
    return code.startsWith("Digit");
  }

  get typed() {
    return this.#typed !== "";
  }

  enter(shift) {
    if (this.#typed === "") return null;
    const index = Number(this.#typed);
    this.#typed = "";
    this.#say();
    if (!this.choices[index]) {
      return { tell: `There is no choice ${index}: they go from 0 to ${this.choices.length - 1}.` };
    }
    return shift ? { collect: [index] } : { commit: [index] };
  }

  erase() {
    if (this.#typed === "") return false;
    this.#typed = this.#typed.slice(0, -1);
    this.#say();
    return true;
  }

  flash(action) {
    flash(this.buttons[action[0]]);
  }

  show(collected, before) {
    if (this.#typed !== "") {
      this.#typed = "";
      this.#say();
    }
    this.buttons.forEach((button, index) => {
      const here = (action) => action[0] === index;
      mark(button, collected.some(here), before.some(here));
    });
  }

  name(action) {
    return this.choices[action[0]]?.name ?? String(action[0]);
  }

  sign(action) {
    return this.name(action);
  }

  usage() {
    return [[["0", "…", "9"], "type the number of a choice"], [["Enter"], "answer with it"]];
  }
}

function rowsOf(action) {
  return action.counts.map((count, index) => ({
    name: action.names?.[index] ?? `part ${index}`,
    values: Array.from({ length: count }, (_, value) => action.values?.[index]?.[value] ?? String(value)),
  }));
}

/** Several numbers at once: one row each, a digit chooses and goes to the next row. */
class RowsPad {
  kind = "several";
  #active = 0;

  constructor(rows, clicked) {
    this.rows = rows;
    /** @type {(number | null)[]} */
    this.values = rows.map(() => null);
    this.element = make("div", { class: "rows-pad" });
    this.groups = rows.map((row, at) => {
      const buttons = row.values.map((name, value) => {
        const button = make(
          "button",
          { type: "button", class: "button choice", role: "radio", "aria-checked": "false" },
          make("span", { class: "name" }, name),
        );
        button.addEventListener("click", () => {
          this.#choose(at, value);
          clicked({ changed: true });
        });
        button.addEventListener("focus", () => this.#activate(at));
        return button;
      });
      const group = make("div", { class: "row", role: "radiogroup", "aria-label": row.name },
        make("span", { class: "row-name", "aria-hidden": "true" }, row.name),
        make("div", { class: "row-values" }, ...buttons));
      this.element.append(group);
      return { group, buttons };
    });
    this.#paint();
  }

  #choose(row, value) {
    this.values[row] = value;
    this.#activate(Math.min(row + 1, this.rows.length - 1));
  }

  #activate(row) {
    this.#active = row;
    this.#paint();
  }

  #paint() {
    this.groups.forEach(({ group, buttons }, at) => {
      group.classList.toggle("active", at === this.#active);
      buttons.forEach((button, value) => {
        const chosen = this.values[at] === value;
        button.setAttribute("aria-checked", String(chosen));
        // One stop of the Tab key a row, as radio buttons have it.
        button.tabIndex = chosen || (this.values[at] === null && value === 0) ? 0 : -1;
      });
    });
  }

  key(code) {
    const digit = /^Digit(\d)$/.exec(code);
    if (digit) {
      const value = Number(digit[1]);
      const row = this.rows[this.#active];
      if (value >= row.values.length) {
        return { tell: `${row.name} goes from 0 to ${row.values.length - 1}.` };
      }
      this.#choose(this.#active, value);
      return { changed: true };
    }
    const row = this.rows[this.#active];
    const value = this.values[this.#active];
    if (code === "ArrowUp") this.#activate(Math.max(0, this.#active - 1));
    else if (code === "ArrowDown") this.#activate(Math.min(this.rows.length - 1, this.#active + 1));
    else if (code === "ArrowLeft" || code === "ArrowRight") {
      const by = code === "ArrowLeft" ? -1 : 1;
      const count = row.values.length;
      this.values[this.#active] = value === null ? (by > 0 ? 0 : count - 1) : (value + by + count) % count;
      this.#paint();
    } else return null;
    return { changed: true };
  }

  knows(code) {
    return /^(Digit|Arrow)/.test(code);
  }

  enter(shift) {
    const open = this.values.findIndex((value) => value === null);
    if (open >= 0) {
      if (this.values.every((value) => value === null)) return null;
      this.#activate(open);
      return { tell: `“${this.rows[open].name}” is still open.` };
    }
    const action = /** @type {number[]} */ ([...this.values]);
    if (shift) this.#clear();
    return shift ? { collect: action } : { commit: action };
  }

  #clear() {
    this.values = this.rows.map(() => null);
    this.#active = 0;
    this.#paint();
  }

  erase() {
    return false;
  }

  flash() {}

  show(collected, before) {
    if (collected.length) return;
    this.#clear();
    if (before.length) {
      this.values = [...before[0]];
      this.#paint();
    }
  }

  name(action) {
    return action
      .map((value, at) => `${this.rows[at]?.name ?? at} ${this.rows[at]?.values[value] ?? value}`)
      .join(", ");
  }

  sign(action) {
    return action.join(" ");
  }

  usage() {
    return [
      [["0", "…", "9"], "choose in the marked row, and go on to the next"],
      [["↑", "↓"], "go to another row"],
      [["←", "→"], "change the marked row"],
      [["Enter"], "answer with all rows"],
    ];
  }
}

/** Switches that are on or off. */
class SwitchesPad {
  kind = "switches";

  constructor(action, clicked) {
    this.names = Array.from({ length: action.count }, (_, at) => action.names?.[at] ?? `switch ${at}`);
    this.values = this.names.map(() => 0);
    this.element = make("div", { class: "switches-pad" });
    this.buttons = this.names.map((name, at) => {
      const caps = at < 10 ? [String((at + 1) % 10)] : [];
      const button = choiceButton(name, caps);
      button.setAttribute("role", "switch");
      button.setAttribute("aria-checked", "false");
      button.removeAttribute("aria-pressed");
      button.addEventListener("click", () => {
        this.#toggle(at);
        clicked({ changed: true });
      });
      this.element.append(button);
      return button;
    });
    this.#paint();
  }

  #toggle(at) {
    this.values[at] = 1 - this.values[at];
    this.#paint();
  }

  #paint() {
    this.buttons.forEach((button, at) => {
      button.setAttribute("aria-checked", String(this.values[at] === 1));
      const note = /** @type {HTMLElement} */ (button.querySelector(".note"));
      say(note, this.values[at] ? "on" : "off");
    });
  }

  key(code) {
    const digit = /^Digit(\d)$/.exec(code);
    const at = digit ? (Number(digit[1]) + 9) % 10 : -1;
    if (at < 0 || at >= this.names.length) return null;
    this.#toggle(at);
    return { changed: true };
  }

  knows(code) {
    return code.startsWith("Digit");
  }

  enter(shift) {
    const action = [...this.values];
    if (shift) this.show([], []);
    return shift ? { collect: action } : { commit: action };
  }

  erase() {
    return false;
  }

  flash() {}

  show(collected, before) {
    if (collected.length) return;
    this.values = before.length ? [...before[0]] : this.names.map(() => 0);
    this.#paint();
  }

  name(action) {
    const on = this.names.filter((_, at) => action[at]);
    return on.length ? on.join(" + ") : "all off";
  }

  sign(action) {
    return action.join("");
  }

  usage() {
    return [[["1", "…", "0"], "turn a switch on or off"], [["Enter"], "answer with the switches as they are"]];
  }
}

/** Real numbers are shown by playing, not typed. */
class NoPad {
  kind = "real";

  constructor() {
    const words = "This task’s actions are real numbers. They are taught by playing, with novice play; here you can skip or report.";
    this.element = make("p", { class: "no-pad" }, words);
  }

  knows() {
    return false;
  }

  key() {
    return null;
  }

  enter() {
    return null;
  }

  erase() {
    return false;
  }

  flash() {}

  show() {}

  name(action) {
    return action.map((value) => value.toFixed(2)).join(", ");
  }

  sign(action) {
    return this.name(action);
  }

  usage() {
    return [];
  }
}

