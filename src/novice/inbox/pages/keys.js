/** Which key means what: by its place on the keyboard, whatever is printed on it. */

import { settings } from "./settings.js";

/**
 * Where a command's key acts: "everywhere"; where one of several "choices" is named, or
 * "numbers" are; in an open "run" of frames.
 * @typedef {"everywhere" | "choices" | "numbers" | "run"} Where
 */

/** @param {string} code @param {string} name @param {Where} [where] */
const command = (code, name, where = "everywhere") => ({ code, name, where });

/**
 * The commands, each with its key. No two have the same one, and they never collide with
 * a choice: a letter that is a command there is taken from the choices.
 * @type {Record<string, {code: string, name: string, where: Where}>}
 */
export const COMMANDS = {
  unsure: command("KeyU", "Can’t tell"),
  any: command("KeyE", "Any is fine"),
  skip: command("KeyS", "Skip"),
  report: command("KeyF", "Report frame"),
  consequences: command("KeyC", "Consequences"),
  replay: command("Backquote", "Replay"),
  back: command("KeyZ", "Back"),
  instructions: command("KeyH", "Instructions"),
  run: command("KeyG", "Run of frames"),
  wrong: command("KeyX", "Wrong …", "choices"),
  left: command("ArrowLeft", "Less, or left", "numbers"),
  right: command("ArrowRight", "More, or right", "numbers"),
  up: command("ArrowUp", "More, or up", "numbers"),
  down: command("ArrowDown", "Less, or down", "numbers"),
  zero: command("Digit0", "Zero", "numbers"),
  previous: command("KeyV", "My previous answer", "numbers"),
  policy: command("KeyP", "The policy’s action", "numbers"),
  partBefore: command("BracketLeft", "Number before", "numbers"),
  partAfter: command("BracketRight", "Next number", "numbers"),
  unknown: command("KeyK", "I don’t know this number", "numbers"),
  arrow: command("KeyA", "Arrow on the picture", "numbers"),
  earlier: command("Comma", "A frame earlier", "run"),
  later: command("Period", "A frame later", "run"),
  gap: command("KeyB", "Middle of the widest gap", "run"),
  mark: command("KeyM", "Mark this frame", "run"),
  unmark: command("KeyR", "Remove the mark", "run"),
  line: command("KeyL", "Hold or straight line", "run"),
};

/** Where the keys act now. @type {Set<Where>} */
export const places = new Set(/** @type {Where[]} */ (["everywhere"]));
const ALL = new Set(/** @type {Where[]} */ (["everywhere", "choices", "numbers", "run"]));
const BESIDE_CHOICES = new Set(/** @type {Where[]} */ (["everywhere", "choices", "run"]));

export const FIXED = { Backspace: "back", Enter: "commit", Escape: "cancel" };

const CAPS = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Space: "Space",
  Backquote: "`", Enter: "Enter", Backspace: "⌫", Escape: "Esc", Minus: "-", Equal: "=",
  Comma: ",", Period: ".", Slash: "/", Semicolon: ";", Quote: "'", BracketLeft: "[",
  BracketRight: "]", Backslash: "\\", Delete: "Del",
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
export function capOfCommand(name) {
  const fixed = Object.keys(FIXED).find((code) => FIXED[code] === name && !(name in COMMANDS));
  return capOf(fixed ?? codeOf(name));
}

/** The same key on the number pad. @param {string} code */
export function mainCode(code) {
  if (code === "NumpadEnter") return "Enter";
  return code.replace(/^Numpad(?=\d$)/, "Digit");
}

/**
 * The command of a key where the keys act now.
 * @param {string} code
 * @returns {string | null} the command's name
 */
export function commandOf(code) {
  return commandAmong(code, places);
}

/**
 * Whose key it is, wherever it may act.
 * @param {string} code
 */
export function ownerOf(code) {
  return commandAmong(code, ALL);
}

/** @param {string} code @param {Set<Where>} where */
function commandAmong(code, where) {
  if (code in FIXED) return FIXED[code];
  return Object.keys(COMMANDS).find((name) => where.has(COMMANDS[name].where) && codeOf(name) === code) ?? null;
}

/** Whether a command keeps a choice from having this key. @param {string} code */
export function isTakenFromChoices(code) {
  return commandAmong(code, BESIDE_CHOICES) !== null;
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
  return [...new Set(all)].filter((code) => !isTakenFromChoices(code) && !taken.has(code));
}

/** @param {EventTarget | null} target */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio"].includes(target.type);
  return target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Whether a key press belongs to the browser. @param {KeyboardEvent} event */
export function isForeign(event) {
  return event.repeat || event.altKey || isHeldBack(event);
}

/** Whether it is the browser's, even where a number is nudged. @param {KeyboardEvent} event */
export function isHeldBack(event) {
  return (
    event.ctrlKey || event.metaKey || event.getModifierState("AltGraph") ||
    event.isComposing || event.defaultPrevented
  );
}
