/** What the person's keys, clicks and fingers mean at this moment. */

import { answer, answerWith, collect, compose } from "./label-answer.js";
import { lookBack, returnToPresent } from "./label-back.js";
import { isComing, paintWaiting } from "./label-cards.js";
import { desk, stage } from "./label-desk.js";
import { lookAhead, openDialog, openRun } from "./label-doors.js";
import { copyPolicy, copyPrevious, toggleArrow } from "./label-numbers.js";
import { paintComposed, tell } from "./label-paint.js";
import { COMMANDS, commandOf, isForeign, isHeldBack, isTyping, mainCode, ownerOf } from "./keys.js";
import { byId, several } from "./elements.js";
import { settings } from "./settings.js";

/** @typedef {import("./label-desk.js").Input} Input */

/** The question about which a key was pressed that is still held. @type {any} */
let heldFor = null;

/** @param {KeyboardEvent} event */
export function hearKey(event) {
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const code = mainCode(event.code);
  if (isForeign(event) && !mayNudge(event, code)) return;
  if (code === "Escape" && !keysAct()) return stage.focus();
  if (!keysAct() || (isControl(event.target) && ["Enter", "Space"].includes(code))) return;
  if (!settings.shortcuts && !["Escape", "Enter"].includes(code)) return;
  if (event.key !== "?" && !mayMean(code)) return;
  event.preventDefault();
  if (!event.repeat) heldFor = desk.shown;
  take({ code, key: event.key, shift: event.shiftKey, alt: event.altKey, at: event.timeStamp });
}

/** Whether this key does something, or may when its turn comes. @param {string} code */
function mayMean(code) {
  const waits = desk.busy || desk.keys.length > 0;
  return (waits ? ownerOf(code) : commandOf(code)) !== null || desk.pad?.knows(code);
}

/** The space bar is released: where keys act, the page must not scroll. @param {KeyboardEvent} event */
export function hearRelease(event) {
  if (event.code === "Space" && keysAct() && !isControl(event.target)) event.preventDefault();
}

/**
 * A held arrow goes on nudging the same question's numbers; Alt is only ours inside the pad.
 * @param {KeyboardEvent} event
 * @param {string} code
 */
function mayNudge(event, code) {
  if (isHeldBack(event) || !desk.pad?.nudges?.(code)) return false;
  if (event.repeat && !(desk.shown?.drawn && desk.shown === heldFor)) return false;
  return !event.altKey || byId("pad").contains(document.activeElement);
}

/** Keys act on the picture and the pad, and where nothing has the focus. */
export function keysAct() {
  const active = document.activeElement;
  return !active || active === document.body || stage.contains(active) || byId("pad").contains(active);
}

/** @param {EventTarget | null} target */
function isControl(target) {
  return target instanceof HTMLButtonElement && target.getAttribute("role") !== "radio";
}

/** @param {string} name */
export function command(name) {
  take({ at: performance.now(), meant: { command: name } });
}

/**
 * Act on it, or keep it until there is a question that it can answer.
 * @param {Input} input
 */
export function take(input) {
  const name = input.meant?.command ?? (input.key === "?" ? "help" : input.shift ? null : commandOf(input.code ?? ""));
  if (name in ALWAYS) return ALWAYS[name]();
  if (desk.lesson) return desk.lesson.take(input, name);
  if (name === "back" && !desk.pad?.typed && !desk.keys.length && !desk.busy && !desk.run) return lookBack();
  // Keys that wait for a question which isn't there can be taken back.
  const waiting = desk.keys.length && !desk.shown;
  if (name === "back" && waiting) desk.keys.pop();
  else if (name === "cancel" && waiting) desk.keys = [];
  else desk.keys.push(input);
  answerWaiting();
}

/** Each key answers the next question, once that has been on the screen. */
export function answerWaiting() {
  while (desk.keys.length && desk.shown?.drawn && !desk.busy) apply(/** @type {Input} */ (desk.keys.shift()));
  if (!desk.shown && desk.keys.length && !isComing()) {
    tell(`No question was open: ${several(desk.keys.length, "key")} did nothing.`);
    desk.keys = [];
  }
  if (!desk.shown) paintWaiting();
}

/** @param {Input} input */
function apply(input) {
  const meant = input.meant ?? meaningOf(input);
  if (!meant) return;
  if (desk.run) return desk.run.take(meant, input);
  if ("command" in meant) COMMAND[meant.command]?.(input);
  else if ("changed" in meant) paintComposed();
  else if ("tell" in meant) tell(meant.tell);
  else if ("collect" in meant) collect(meant.collect);
  else if ("commit" in meant) {
    if (desk.collecting) collect(meant.commit);
    else answerWith([...desk.collected.filter((each) => String(each) !== String(meant.commit)), meant.commit], input);
  }
}

/** @param {Input} input */
export function meaningOf({ code = "", shift = false, alt = false }) {
  const { pad } = desk;
  if (code === "Enter") return { command: "commit", shift };
  if (code === "Backspace" && pad.erase()) return { changed: true };
  if (pad.nudges?.(code)) return pad.key(code, shift, alt);
  const name = shift ? null : commandOf(code);
  return name ? { command: name } : pad.key(code, shift);
}

/** What works whether or not a question is open. */
const ALWAYS = {
  help: () => openDialog("help"),
  instructions: () => openDialog("instructions"),
  settings: () => openDialog("settings"),
  arrow: () => toggleArrow(),
};

/** @type {Record<string, (input: Input) => void>} */
const COMMAND = {
  unsure: (input) => answer("unsure", [], input),
  any: (input) => answer("any", [], input),
  skip: (input) => answer("skip", [], input),
  report: (input) => answer("report", [], input),
  wrong: () => {
    desk.wrong = !desk.wrong;
    paintComposed();
  },
  several: () => {
    desk.collecting = !desk.collecting;
    paintComposed();
  },
  consequences: () => lookAhead(),
  run: () => openRun(),
  replay: () => replay(),
  back: () => lookBack(),
  zero: () => change((pad) => pad.zero()),
  unknown: () => change((pad) => pad.forget()),
  partBefore: () => desk.pad.go(-1),
  partAfter: () => desk.pad.go(1),
  previous: () => copyPrevious(),
  policy: () => copyPolicy(),
  commit: (input) => {
    const last = desk.pad.enter(input.shift ?? false);
    if (last) apply({ ...input, meant: last });
    else if (desk.collected.length) answerWith(desk.collected, input);
    else if (desk.place !== null) returnToPresent();
    else tell("Nothing is chosen yet.");
  },
  cancel: () => {
    stage.focus({ preventScroll: true });
    if (desk.consequences?.open) desk.consequences.close();
    else if (desk.collected.length || desk.wrong || desk.collecting) compose([], false);
    else if (desk.place !== null) returnToPresent();
  },
};

/** Whether somebody knows what to do with this command. @param {string} name */
export const isCommand = (name) => name in COMMANDS;

/** @param {(pad: any) => void} act */
function change(act) {
  act(desk.pad);
  paintComposed();
}

function replay() {
  if (!desk.shown?.strip) return;
  desk.shown.replays++;
  if (desk.consequences?.open) desk.consequences.replay();
  else desk.player.play();
}
