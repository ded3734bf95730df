/** Which key means what: by its place on the keyboard, whatever is printed on it. */

import { settings } from "./settings.js";

/**
 * The commands, each with its key. They never collide with a choice: a letter that is
 * a command here is taken from the choices.
 * @type {Record<string, {code: string, name: string}>}
 */
export const COMMANDS = {
  unsure: { code: "KeyU", name: "Can’t tell" },
  any: { code: "KeyE", name: "Any is fine" },
  skip: { code: "KeyS", name: "Skip" },
  report: { code: "KeyF", name: "Report frame" },
  wrong: { code: "KeyX", name: "Wrong …" },
  consequences: { code: "KeyC", name: "Consequences" },
  replay: { code: "Backquote", name: "Replay" },
  back: { code: "KeyZ", name: "Back" },
  instructions: { code: "KeyH", name: "Instructions" },
};

const FIXED = { Backspace: "back", Enter: "commit", Escape: "cancel" };

const CAPS = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Space: "Space",
  Backquote: "`", Enter: "Enter", Backspace: "⌫", Escape: "Esc", Minus: "-", Equal: "=",
  Comma: ",", Period: ".", Slash: "/", Semicolon: ";", Quote: "'", BracketLeft: "[",
  BracketRight: "]", Backslash: "\\",
};

/** What this keyboard has printed on its keys, where the browser tells. @type {Map<string, string>} */
let printed = new Map();

/** Learn the layout; only over https or on this machine do browsers tell. */
export async function learnLayout() {
  try {
    printed = await navigator.keyboard.getLayoutMap();
  } catch {
    // The names of the American layout stay.
  }
}

/**
 * What stands on a key.
 * @param {string} code
 */
export function capOf(code) {
  if (code in CAPS && code !== "Backquote") return CAPS[code];
  const own = printed.get(code);
  if (own) return own.toUpperCase();
  if (code in CAPS) return CAPS[code];
  return code.replace(/^(Key|Digit)/, "").replace(/^Numpad/, "Num ");
}

/** @param {string} name of a command */
export function codeOf(name) {
  return settings.keys[name] ?? COMMANDS[name].code;
}

/** @param {string} name of a command */
export const capOfCommand = (name) => capOf(codeOf(name));

/** The same key on the number pad. @param {string} code */
export function mainCode(code) {
  if (code === "NumpadEnter") return "Enter";
  return code.replace(/^Numpad(?=\d$)/, "Digit");
}

/**
 * @param {string} code
 * @returns {string | null} the command's name
 */
export function commandOf(code) {
  if (code in FIXED) return FIXED[code];
  return Object.keys(COMMANDS).find((name) => codeOf(name) === code) ?? null;
}

/**
 * The keys of a choice: the person's own first, none that is a command.
 * @param {string} task
 * @param {number} index
 * @param {string[]} codes
 */
export function codesOfChoice(task, index, codes) {
  const own = settings.choices[task] ?? {};
  const elsewhere = Object.entries(own).filter(([other]) => Number(other) !== index);
  const taken = new Set(elsewhere.map(([, code]) => code));
  const all = own[index] ? [own[index], ...codes] : codes;
  return [...new Set(all)].filter((code) => !commandOf(code) && !taken.has(code));
}

/** @param {EventTarget | null} target */
export function isTyping(target) {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

/** Whether a key press belongs to the browser. @param {KeyboardEvent} event */
export function isForeign(event) {
  return (
    event.repeat || event.ctrlKey || event.altKey || event.metaKey ||
    event.isComposing || event.defaultPrevented
  );
}
