/** Several whole numbers at once, or switches. */

import { make, say } from "./elements.js";
import { choiceButton } from "./pad-button.js";

export function rowsOf(action) {
  return action.counts.map((count, index) => ({
    name: action.names?.[index] ?? `part ${index}`,
    values: Array.from({ length: count }, (_, value) => action.values?.[index]?.[value] ?? String(value)),
  }));
}

/** Several numbers at once: one row each, a digit chooses and goes to the next row. */
export class RowsPad {
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
export class SwitchesPad {
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
