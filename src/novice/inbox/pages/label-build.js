/** The buttons and the pad, built from the words of the task. */

import { compose } from "./label-answer.js";
import { desk } from "./label-desk.js";
import { command, take } from "./label-hands.js";
import { paintComposed } from "./label-paint.js";
import { byId, make, say } from "./elements.js";
import { capOfCommand, places } from "./keys.js";

const VERDICTS = [
  ["unsure", "Can’t tell"], ["any", "Any is fine"], ["skip", "Skip"], ["report", "Report frame"],
  ["wrong", "Wrong …"], ["several", "Several …"],
];
/** Each is shown where it is offered. */
const OFFERS = [["consequences", "What does each lead to?"], ["run", "Answer a run of frames"]];

export function buildVerdicts() {
  const buttons = VERDICTS.map(([name, words]) => {
    const button = commandButton(name, words, "verdict");
    if (["wrong", "several"].includes(name)) button.setAttribute("aria-pressed", "false");
    return button;
  });
  const offers = OFFERS.map(([name, words]) => {
    const button = commandButton(name, words, "verdict wide");
    button.hidden = true;
    return button;
  });
  byId("verdicts").append(...buttons, ...offers);
}

/**
 * A button for what a key does.
 * @param {string} name
 * @param {string} words
 * @param {string} kind
 */
export function commandButton(name, words, kind) {
  return make("button", { type: "button", class: `button ${kind}`, "data-command": name, click: () => command(name) },
    make("kbd", { "aria-hidden": "true" }), make("span", {}, words));
}

/** Write on every button which key does the same. */
export function paintCaps() {
  for (const button of document.querySelectorAll("[data-command]")) {
    const name = /** @type {HTMLElement} */ (button).dataset.command ?? "";
    const cap = button.querySelector("kbd");
    if (cap) say(cap, name === "several" ? "⇧" : capOfCommand(name));
  }
  for (const name of ["replay", "back"]) {
    const cap = byId(name).querySelector("kbd");
    if (cap) say(cap, capOfCommand(name));
  }
  say(/** @type {HTMLElement} */ (byId("commit").querySelector("kbd")), "Enter");
}

/** The pad of this task, as the person's keys are now. */
export function buildPad() {
  if (!desk.makePad) return;
  const { action } = desk.hello.words;
  usePad(desk.makePad(action, desk.hello.task, padClicked));
  places.delete("choices");
  places.delete("numbers");
  places.add(desk.pad.kind === "real" ? "numbers" : "choices");
  compose([], false);
}

/** @param {any} pad */
export function usePad(pad) {
  desk.pad = pad;
  byId("pad").replaceChildren(pad.element);
  byId("pad").dataset.kind = pad.kind;
  paintCaps();
}

/** @param {any} meant */
export function padClicked(meant) {
  if (!("changed" in meant)) return take({ at: performance.now(), meant });
  if (desk.run) desk.run.take(meant);
  else paintComposed();
}
