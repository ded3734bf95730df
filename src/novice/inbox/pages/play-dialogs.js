/** The dialogs of the play page: which keys there are, and the settings. */

import { byId, make, say } from "./elements.js";
import { capOf, isForeign, mainCode } from "./keys.js";
import { whyNone } from "./play-gamepad.js";
import { COMMANDS, keepMine, mine } from "./play-keys.js";

/**
 * @typedef {import("./play-link.js").Hello} Hello
 * @typedef {import("./play-keys.js").Keys} Keys
 */

/** @param {Hello} hello @param {Keys} keys @param {boolean} hold */
export function listKeys(hello, keys, hold) {
  const real = hello.words.action.kind === "real";
  const meaning = (/** @type {string} */ name) => {
    if (name === "take") return hold ? "begin; hold it to drive yourself" : COMMANDS.take.name;
    if (name === "undo") {
      return `take back the last ${hello.undo_seconds ?? 3} seconds of my driving; where I did not drive, discard the episode`;
    }
    return COMMANDS[name].name;
  };
  const some = hello.turns ? ["slower", "faster"] : [];
  const rows = [
    ...hello.buttons.map((button) => [
      [...new Set([keys.codeOfButton(button), ...button.keys.filter((key) => keys.acting.get(key) === key)])].map(capOf),
      button.name,
    ]),
    ...(real ? [[["Shift"], "hold: a third as strong"]] : []),
    ...(hello.turns ? [[["."], "let a turn go by"]] : []),
    ...keys.commands.filter((name) => !some.includes(name)).map((name) => [[keys.cap(name)], meaning(name)]),
  ];
  byId("keys-list").replaceChildren(
    ...rows.flatMap(([caps, words]) => [
      make("dt", {}, .../** @type {string[]} */ (caps).map((cap) => make("kbd", {}, cap))),
      make("dd", {}, lower(/** @type {string} */ (words))),
    ]),
  );
  const doubt = hello.uncertainty ? `The policy’s doubt says ${hello.uncertainty}.` : "";
  say(byId("doubt-means"), doubt);
  say(byId("instructions"), hello.instructions ?? "");
}

/** @param {string} words */
const lower = (words) => words.charAt(0).toLowerCase() + words.slice(1);

export class Settings {
  /**
   * @param {Hello} hello
   * @param {Keys} keys
   * @param {() => void} changed
   */
  constructor(hello, keys, changed) {
    this.hello = hello;
    this.keys = keys;
    this.changed = changed;
    this.message = make("p", { class: "key-message", role: "status" });
    this.rows = make("div", { class: "key-settings" });
    this.gamepad = make("p", { class: "quiet" });
    const reset = make("button", { type: "button", class: "button" }, "All keys as they were");
    reset.addEventListener("click", () => {
      keys.forget();
      say(this.message, "");
      this.store();
    });
    byId("settings-content").replaceChildren(
      ...(hello.takeover ? [this.drawDrive()] : []),
      this.drawHand(),
      make("h3", {}, "Gamepad"),
      this.gamepad,
      make("h3", {}, "Keys"),
      make("p", { class: "quiet" }, "By their place on the keyboard, whatever is printed on them."),
      this.message,
      this.rows,
      reset,
      make("p", { class: "quiet" }, "Kept in this browser."),
    );
    this.paint();
  }

  store() {
    keepMine();
    this.changed();
    this.paint();
  }

  drawDrive() {
    const now = mine.drive ?? this.hello.drive ?? "toggle";
    const key = this.keys.cap("take");
    return this.choice("The controls", "drive", now, [
      ["toggle", `${key} takes them, ${key} hands them back`],
      ["hold", `mine as long as I hold ${key}`],
    ]);
  }

  drawHand() {
    return this.choice("On a touch screen I steer with the", "hand", mine.hand, [
      ["right", "right hand"],
      ["left", "left hand"],
    ]);
  }

  /**
   * @param {string} title
   * @param {"drive" | "hand"} name
   * @param {string} now
   * @param {[string, string][]} choices
   */
  choice(title, name, now, choices) {
    const options = choices.map(([value, words]) => {
      const radio = make("input", { type: "radio", name, id: `${name}-${value}`, checked: value === now });
      radio.addEventListener("change", () => {
        Object.assign(mine, { [name]: value });
        this.store();
      });
      return make("label", { class: "check", for: `${name}-${value}` }, radio, words);
    });
    return make("fieldset", {}, make("legend", {}, title), ...options);
  }

  /** Say which gamepad there is, or why there is none. @param {string} name */
  showGamepad(name) {
    const where = this.hello.takeover
      ? "A or a trigger takes the controls, B takes back, Start pauses."
      : "Start pauses.";
    say(this.gamepad, name ? `${shortName(name)}. ${where}` : whyNone());
  }

  paint() {
    const focused = [...this.rows.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    const buttons = this.hello.buttons.map((button) =>
      this.keySetting(button.name, this.keys.codeOfButton(button), { button }),
    );
    // Escape stays what it is: whoever is in a hurry must find it.
    const commands = this.keys.commands.filter((name) => name !== "stop").map((command) =>
      this.keySetting(COMMANDS[command].name, this.keys.codeOf(command), { command }),
    );
    this.rows.replaceChildren(...buttons, ...commands);
    this.rows.querySelectorAll("button")[focused]?.focus();
  }

  /**
   * @param {string} name
   * @param {string} code
   * @param {{command?: string, button?: {name: string, keys: string[]}}} what
   */
  keySetting(name, code, what) {
    const button = make(
      "button",
      { type: "button", class: "button key-button", "aria-label": `Key of “${name}”: ${capOf(code)}` },
      make("kbd", {}, capOf(code)),
    );
    const listen = (/** @type {KeyboardEvent} */ event) => {
      if (isForeign(event) || /^(Shift|Tab|Control|Alt|Meta)/.test(event.code)) return;
      event.preventDefault();
      event.stopPropagation();
      stop();
      const problem = event.code === "Escape" ? "" : this.keys.set(what, mainCode(event.code));
      say(this.message, problem ?? "");
      this.store();
    };
    const stop = () => {
      button.removeEventListener("keydown", listen);
      button.removeEventListener("blur", leave);
    };
    const leave = () => {
      stop();
      this.paint();
    };
    button.addEventListener("click", () => {
      button.replaceChildren("press a key …");
      button.addEventListener("keydown", listen);
      button.addEventListener("blur", leave);
    });
    return make("div", { class: "key-setting" }, make("span", {}, name), button);
  }
}

/** A gamepad's name without its maker's numbers. @param {string} name */
export function shortName(name) {
  return name.replace(/\s*\(.*\)\s*/g, " ").trim().slice(0, 40) || "Gamepad";
}
