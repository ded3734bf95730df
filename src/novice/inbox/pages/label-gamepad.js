/** A gamepad's stick moves the numbers, its A answers. */

import { desk } from "./label-desk.js";
import { command } from "./label-hands.js";
import { tell } from "./label-paint.js";

const DEAD = 0.15; // how far a stick at rest may lean
const A = 0;
const B = 1;

/** Whether each stick of each gamepad leans. @type {Map<string, boolean>} */
const leaning = new Map();
/** @type {Map<string, boolean>} */
const pressed = new Map();
let looking = false;

/** Where a gamepad is, or why there is none, in words. */
export function stickWords() {
  if (!navigator.getGamepads) {
    return isSecureContext
      ? "This browser shows no gamepads to pages."
      : "This browser shows gamepads only to pages on this machine or with https.";
  }
  const [first] = connected();
  if (!first) return "Press a button on it: until then a browser shows no gamepad.";
  return `${first.id || "It"} is connected. The stick moves the numbers, A answers, B goes back.`;
}

/** Look at the gamepads that are there. */
export function listenToSticks() {
  if (looking || !connected().length) return;
  tell("Gamepad: the stick moves the numbers, A answers, B goes back.");
  look();
}

function connected() {
  return [...navigator.getGamepads()].filter((each) => each !== null);
}

function look() {
  if (looking) return;
  looking = true;
  requestAnimationFrame(read);
}

function read() {
  looking = false;
  const pads = connected();
  if (!pads.length) return;
  const acts = document.hasFocus() && !document.querySelector("dialog[open]");
  for (const each of pads) {
    if (acts && desk.pad?.kind === "real" && (desk.shown?.drawn || desk.lesson)) {
      lean(`${each.index} left`, each.axes[0], each.axes[1], 0);
      lean(`${each.index} right`, each.axes[2], each.axes[3], 1);
    }
    press(`${each.index} A`, each.buttons[A]?.pressed, acts, "commit");
    press(`${each.index} B`, each.buttons[B]?.pressed, acts, "back");
  }
  look();
}

/** @param {string} stick @param {number} right @param {number} down @param {number} next */
function lean(stick, right = 0, down = 0, next = 0) {
  const [x, y] = [alive(right), -alive(down)];
  const leans = x !== 0 || y !== 0;
  // Once let go, it does not hold the numbers at rest against the keys.
  if (leans || leaning.get(stick)) desk.pad.steer(x, y, next);
  leaning.set(stick, leans);
}

/** @param {number} lean */
function alive(lean) {
  return Math.abs(lean) < DEAD ? 0 : Math.min((Math.abs(lean) - DEAD) / (1 - DEAD), 1) * Math.sign(lean);
}

/** @param {string} button @param {boolean} down @param {boolean} acts @param {string} name */
function press(button, down, acts, name) {
  if (down && !pressed.get(button) && acts) command(name);
  pressed.set(button, Boolean(down));
}
