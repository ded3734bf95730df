/** The five examples of the lesson, for choices and for numbers. */

import { desk } from "./label-desk.js";
import { make } from "./elements.js";
import { KeysPad } from "./pad-choices.js";

const CHOICES = {
  kind: "discrete",
  choices: [
    { name: "to the left", keys: ["ArrowLeft", "KeyA", "Digit1"], place: "left" },
    { name: "to the right", keys: ["ArrowRight", "KeyD", "Digit2"], place: "right" },
  ],
  idle: null,
};
const NUMBERS = {
  kind: "real",
  low: [-1, -1],
  high: [1, 1],
  names: ["push to the right", "push up"],
};

/**
 * What was answered in the lesson: actions, or the name of a command.
 * @typedef {{actions?: (number | null)[][], command?: string}} Said
 * @typedef {(name: string) => HTMLElement} Cap
 * @typedef {{picture: import("./label-toy.js").Picture, after?: import("./label-toy.js").Picture,
 *   ask: (cap: Cap, touch: boolean) => (string | Node)[], isGood: (said: Said) => boolean,
 *   hint: string, good: string, tapped?: string, before?: number[][]}} Example
 */

/** The pad of the toy. @param {"choices" | "numbers"} kind @param {(meant: any) => void} clicked */
export function toyPad(kind, clicked) {
  // The task's own pad is one for numbers, too.
  return kind === "numbers" ? new desk.pad.constructor(NUMBERS, clicked) : new KeysPad(CHOICES, "practice", clicked);
}

const key = (/** @type {string} */ name) => make("kbd", {}, name);
const says = (/** @type {string} */ name) => (/** @type {Said} */ said) => said.command === name;

/** @type {Example} */
const FOG = {
  picture: { words: "A cart in fog", flags: [], fog: true },
  ask: (cap, touch) => ["Fog hides the flag. A guess would teach something false, so say that you can’t tell: ", touch ? "tap Can’t tell." : cap("unsure")],
  isGood: says("unsure"),
  hint: "Nobody can know it here. Say that you can’t tell.",
  good: "Honest answers are kept, and nothing wrong is learned from them. “Skip” gives the question to somebody else.",
};

/** @type {(before: number[][]) => Example} */
const back = (before) => ({
  picture: { words: "A cart, and a flag to the right", flags: [1] },
  after: { words: "The picture before: a cart, and a flag to the left", flags: [-1] },
  before,
  ask: (cap, touch) => ["Say you slipped: your last answer was wrong. Go back to it: ", touch ? "tap Back." : cap("back")],
  isGood: says("back"),
  hint: "Go back first: that is all there is to do here.",
  good: "Back goes through all your answers, as far as you like. A new one replaces the old; both are kept.",
});

/** @type {Example} */
const RUN = {
  picture: { words: "A cart on its way to a flag", flags: [1] },
  after: { words: "Five frames of the cart: two are marked, those between are filled in", flags: [1], run: true },
  ask: (cap, touch) => ["Some moments go on as they began. Where a clip allows it, you answer a whole run of frames: ", touch ? "tap Answer a run of frames." : cap("run")],
  isGood: says("run"),
  hint: "Open the run of frames.",
  good: "You mark two frames or more; what lies between is filled in, drawn hollow, and never counted as your answer.",
};

/** @type {Record<"choices" | "numbers", Example[]>} */
export const EXAMPLES = {
  choices: [
    {
      picture: { words: "A cart, and a flag to the left", flags: [-1] },
      ask: (cap, touch) => ["The cart wants to be at the flag. Which way now? ", touch ? "Tap it." : key("←"), touch ? "" : " or ", touch ? "" : key("→")],
      isGood: ({ actions }) => String(actions) === "0",
      hint: "The flag is on the left, so the cart should go to the left.",
      good: "That is an answer: one key, and in the run the next moment is there.",
    },
    {
      picture: { words: "A cart between two flags", flags: [-1, 1] },
      ask: (cap, touch) => ["Both flags are as near: both ways are fine. ", ...(touch ? ["Tap Several, then both, then Done."] : ["Hold ", key("Shift"), " for the first and press the other: ", key("⇧ ←"), " ", key("→")])],
      isGood: ({ actions }) => actions?.length === 2,
      hint: "One of them is right too. Say both: the first with Shift (or Several), then the other.",
      good: "An answer may be several actions. Neither is called wrong then.",
    },
    FOG,
    back([[1]]),
    RUN,
  ],
  numbers: [
    {
      picture: { words: "A cart, and a flag to the right", flags: [1] },
      ask: (cap, touch) => ["Push the cart towards the flag: ", ...(touch ? ["drag the point to the right, then tap Done."] : [key("→"), " some times, or drag the point. Then ", key("Enter")])],
      isGood: ({ actions }) => (actions?.[0][0] ?? 0) > 0.04,
      hint: "The flag is on the right: move the point to the right, then answer.",
      good: "With Shift an arrow goes far, with Alt it is fine. The exact number can be typed, too.",
      tapped: "The exact number can be typed, too.",
    },
    {
      picture: { words: "A cart on a rail, and a flag to the left", flags: [-1], rail: true },
      ask: (cap, touch) => ["On this rail you can’t know what pushing up does. Untick it, push to the left, and answer. ", ...(touch ? [] : [cap("partAfter"), " goes to a number, ", cap("unknown"), " unticks it."])],
      isGood: ({ actions }) => actions?.[0][1] === null && (actions[0][0] ?? 0) < -0.04,
      hint: "Untick “push up”, move “push to the right” below zero, and answer.",
      good: "Only what you know is learned from.",
    },
    FOG,
    back([[0.6, 0.2]]),
    RUN,
  ],
};
