/** One of several choices, by a key of its own or by its number. */

import { make, say } from "./elements.js";
import { capOf, codesOfChoice } from "./keys.js";
import { choiceButton, flash, mark } from "./pad-button.js";

/** @typedef {import("./pad.js").Meant} Meant */

/** Up to ten choices: one key each, laid out as the moves lie in the world. */
export class KeysPad {
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
export class NumbersPad {
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
