/** Choose another key for what a key does; no key does two things. */

import { make } from "./elements.js";
import { COMMANDS, FIXED, capOf, codeOf, isForeign, isTakenFromChoices, mainCode, ownerOf } from "./keys.js";
import { settings } from "./settings.js";

const GROUPS = [
  ["everywhere", "Everywhere"], ["choices", "Where there are choices"],
  ["numbers", "Where there are numbers"], ["run", "In a run of frames"],
];
const FIXED_WORDS = { back: "⌫ always goes back", commit: "Enter always answers", cancel: "Esc always leaves" };

export class KeySettings {
  /**
   * @param {string} task
   * @param {any} pad
   * @param {() => void} store
   */
  constructor(task, pad, store) {
    this.task = task;
    this.choices = pad?.kind === "discrete" ? pad.choices : [];
    this.store = store;
    this.message = make("p", { class: "key-message", role: "status" });
    this.rows = make("div", {});
    const reset = make("button", { type: "button", class: "button", click: () => this.#reset() }, "All keys as they were");
    this.element = make("div", {}, this.message, this.rows, reset);
    this.#paint();
  }

  get own() {
    return (settings.choices[this.task] ??= {});
  }

  #reset() {
    settings.keys = {};
    delete settings.choices[this.task];
    this.message.textContent = "";
    this.store();
    this.#paint();
  }

  #paint() {
    const focused = [...this.rows.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    const choices = this.choices.map((/** @type {any} */ choice, /** @type {number} */ index) =>
      this.#row(choice.name, this.own[index] ?? choice.keys?.[0] ?? "", (code) => this.#giveChoice(code, index)));
    const groups = GROUPS.map(([where, title]) => {
      const commands = Object.entries(COMMANDS).filter(([, each]) => each.where === where);
      return [title, commands.map(([name, each]) => this.#row(each.name, codeOf(name), (code) => this.#giveCommand(code, name)))];
    });
    const all = choices.length ? [["This task’s choices", choices], ...groups] : groups;
    this.rows.replaceChildren(...all.flatMap(([title, rows]) => [
      make("h4", {}, /** @type {string} */ (title)), make("div", { class: "key-settings" }, .../** @type {Node[]} */ (rows)),
    ]));
    this.rows.querySelectorAll("button")[focused]?.focus();
  }

  /** Why a choice cannot have this key; null once it has it. @param {string} code @param {number} index */
  #giveChoice(code, index) {
    const problem = isTakenFromChoices(code) ? taken(code, ownerOf(code)) : this.#choiceWith(code, index);
    if (!problem) this.own[index] = code;
    return problem;
  }

  /** @param {string} code @param {string} name of a command */
  #giveCommand(code, name) {
    const owner = ownerOf(code);
    const besides = COMMANDS[name].where !== "numbers";
    const problem = owner && owner !== name ? taken(code, owner) : besides ? this.#choiceWith(code, null) : null;
    if (!problem) settings.keys[name] = code;
    return problem;
  }

  /** @param {string} code @param {number | null} but */
  #choiceWith(code, but) {
    const other = this.choices.find((/** @type {any} */ each, /** @type {number} */ at) =>
      at !== but && (this.own[at] === code || each.keys?.includes(code)));
    return other ? `${capOf(code)} is already ${other.name}. Choose another key.` : null;
  }

  /** @param {string} name @param {string} code @param {(code: string) => string | null} give */
  #row(name, code, give) {
    const button = make("button", { type: "button", class: "button key-button", "aria-label": `Key of ${name}: ${capOf(code)}` }, make("kbd", {}, capOf(code) || "–"));
    button.addEventListener("click", () => this.#listen(button, give));
    return make("div", { class: "key-setting" }, make("span", {}, name), button);
  }

  /** @param {HTMLElement} button @param {(code: string) => string | null} give */
  #listen(button, give) {
    button.replaceChildren("press a key …");
    const hear = (/** @type {KeyboardEvent} */ event) => {
      if (isForeign(event) || /^(Shift|Tab)/.test(event.code)) return;
      event.preventDefault();
      event.stopPropagation();
      stop();
      const problem = event.code === "Escape" ? null : give(mainCode(event.code));
      this.message.textContent = problem ?? "";
      if (problem) this.message.scrollIntoView({ block: "nearest" });
      if (!problem && event.code !== "Escape") this.store();
      this.#paint();
    };
    const leave = () => {
      stop();
      this.#paint();
    };
    const stop = () => {
      button.removeEventListener("keydown", hear);
      button.removeEventListener("blur", leave);
    };
    button.addEventListener("keydown", hear);
    button.addEventListener("blur", leave);
  }
}

/** @param {string} code @param {string | null} owner */
function taken(code, owner) {
  const words = Object.values(FIXED).includes(owner ?? "") && code in FIXED ? FIXED_WORDS[owner ?? ""] : `${capOf(code)} is already ${COMMANDS[owner ?? ""]?.name}`;
  return `${words}. Choose another key.`;
}
