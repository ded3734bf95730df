/** The dialogs: which keys there are, the run's instructions, and the settings. */

import { desk } from "./label-desk.js";
import { offersPolicy } from "./label-numbers.js";
import { KeySettings } from "./label-key-settings.js";
import { make } from "./elements.js";
import { capOfCommand } from "./keys.js";
import { keepSettings, settings } from "./settings.js";

/**
 * @param {string} title
 * @param {(Node | null)[]} content
 */
function open(title, content) {
  const heading = make("h2", { id: "dialog-title", tabindex: "-1" }, title);
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { "aria-labelledby": "dialog-title" },
    make("header", { class: "dialog-top" }, heading,
      make("button", { type: "button", class: "button plain close", "aria-label": "Close", click: () => dialog.close() }, "×")),
    ...content));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  heading.focus();
  return dialog;
}

/** @param {string[]} caps @param {string} words */
function keyRow(caps, words) {
  return make("div", { class: "key-row" },
    make("dt", {}, ...caps.map((cap) => make("kbd", {}, cap))), make("dd", {}, words));
}

/** @param {any} pad */
export function showHelp(pad) {
  const cap = capOfCommand;
  const several = pad?.kind === "real" ? [] : [
    [["Shift", "+ key"], "also acceptable: collects; a plain key or Enter answers with all"],
    [[cap("wrong"), "then key"], "this one is wrong, though I don’t know what is right"],
  ];
  const answer = [
    ...(pad?.kind === "real" ? usageOfNumbers() : pad?.usage() ?? []),
    ...several,
    [[cap("unsure")], "I can’t tell"],
    [[cap("any")], "any action is fine here"],
    [[cap("skip")], "skip: somebody else will be asked (on touch: swipe left)"],
    [[cap("report")], "the picture is broken: take it out"],
  ];
  const run = [
    [[cap("run")], "open the run of frames, where the clip has one"],
    [[cap("earlier"), cap("later")], "a frame earlier, a frame later"],
    [[cap("mark"), cap("unmark")], "mark this frame as it is; remove its mark (an action marks it, too)"],
    [[cap("gap")], "to the middle of the widest gap between marks"],
    ...(pad?.kind === "real" ? [[[cap("line")], "between the marks: straight lines, or held"]] : []),
    [[cap("replay")], "see the run with everything filled in"],
    [["Enter", "Esc"], "answer with the run; leave it"],
  ];
  const look = [
    [[cap("replay")], "play the clip again"],
    ...(desk.hello?.consequences ? [[[cap("consequences")], "what each action leads to; answering works from there"]] : []),
    [[cap("back"), "⌫"], "back through all your answers, to change one (two-finger tap)"],
    [["Esc"], "drop what was begun; back to the present question; back to the keys"],
    [["?"], "this list"],
    [[cap("instructions")], "the run’s instructions"],
  ];
  const list = (/** @type {any[]} */ rows) => make("dl", { class: "key-list" }, ...rows.map(([caps, words]) => keyRow(caps, words)));
  const note = "Keys act while the picture’s frame is colored. A new answer never overwrites the old one: both are kept, the newest counts.";
  return open("Keys", [
    make("h3", {}, "Answer"), list(answer), make("h3", {}, "Answer a run of frames"), list(run),
    make("h3", {}, "Look and go back"), list(look), make("p", { class: "quiet" }, note),
  ]);
}

function usageOfNumbers() {
  const cap = capOfCommand;
  return [
    [["left", "right", "up", "down"].map(cap), "nudge the marked numbers by a twentieth of their range"],
    [["Shift", "+ arrow"], "by a fifth; with Alt, inside the pad, by a hundredth"],
    [[cap("partBefore"), cap("partAfter"), "Tab"], "another plane or slider"],
    [[cap("zero")], "zero"],
    [[cap("previous")], "the numbers of my previous answer"],
    ...(offersPolicy() ? [[[cap("policy")], "what the policy did; it is kept that you copied it"]] : []),
    [[cap("unknown")], "I don’t know this number: it is left out of the lesson"],
    [[cap("arrow")], "the arrow on the picture, a drawing of your numbers"],
    [["Enter"], "answer with the numbers"],
  ];
}

/** @param {string | null} instructions */
export function showInstructions(instructions) {
  const words = instructions ?? "This run came without instructions. Answer with the action that you would take at the moment on which the clip rests.";
  return open("Instructions", [make("p", { class: "instructions" }, words)]);
}

/**
 * @param {{task: string, pad: any, stick: string | null}} about
 * @param {(again?: boolean) => void} changed
 */
export function showSettings({ task, pad, stick }, changed) {
  const store = () => {
    keepSettings();
    changed();
  };
  const keys = new KeySettings(task, pad, store);
  const again = make("button", { type: "button", class: "button", click: () => {
    dialog.close();
    changed(true);
  } }, "Show the five examples again");
  const dialog = open("Settings", [
    shortcutSwitch(store),
    handChoice(store),
    ...(stick ? [make("h3", {}, "Gamepad"), make("p", { id: "stick" }, stick)] : []),
    make("h3", {}, "Practice"), again,
    make("h3", {}, "Keys"), keys.element,
    make("p", { class: "quiet" }, "Enter, Esc, ⌫ and the digits of lists and rows stay as they are. All of this is kept in this browser."),
  ]);
  return dialog;
}

/** @param {() => void} store */
function shortcutSwitch(store) {
  const shortcuts = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", id: "shortcuts", checked: settings.shortcuts }));
  shortcuts.addEventListener("change", () => {
    settings.shortcuts = shortcuts.checked;
    store();
  });
  return make("label", { class: "check", for: "shortcuts" }, shortcuts, "Single keys answer (off: buttons only)");
}

/** @param {() => void} store */
function handChoice(store) {
  const hands = /** @type {const} */ (["right", "left"]).map((hand) => {
    const radio = make("input", { type: "radio", name: "hand", id: `hand-${hand}`, checked: settings.hand === hand });
    radio.addEventListener("change", () => {
      settings.hand = hand;
      store();
    });
    return make("label", { class: "check", for: `hand-${hand}` }, radio, `${hand} hand`);
  });
  return make("fieldset", {}, make("legend", {}, "Buttons on a touch screen at the"), ...hands);
}
