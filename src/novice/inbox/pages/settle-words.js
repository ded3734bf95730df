/** Say what was chosen about a pair, and who had answered what. */

import { capOf, capOfCommand } from "./keys.js";

/**
 * Each choice with what its button says and its keys; skipping has the key that the
 * labeling page skips with.
 */
export const CHOICES = [
  { name: "left", words: "This one is right", codes: ["ArrowLeft", "Digit1"] },
  { name: "both", words: "Both are fine", codes: ["ArrowUp"] },
  { name: "neither", words: "Neither is right", codes: ["ArrowDown"] },
  { name: "skip", words: "Skip", codes: [] },
  { name: "right", words: "This one is right", codes: ["ArrowRight", "Digit2"] },
];

/** What a choice is called in a sentence. */
export const NAMES = { left: "the left one is right", right: "the right one is right", both: "both are fine", neither: "neither is right" };

/** The key that is printed on a choice's button. @param {{name: string, codes: string[]}} choice */
export function capOfChoice({ name, codes }) {
  return codes.length ? capOf(codes[0]) : capOfCommand(name);
}

/** Who answered, in which round and when. @param {any} author */
export function authorOf({ who, round, source, when }) {
  const told = [who, `round ${round}`, ...(source === "correction" ? [] : [source])];
  if (when !== null) told.push(timeOf(when));
  return told.join(" · ");
}

/** @param {number} seconds since 1970 */
function timeOf(seconds) {
  return new Date(1000 * seconds).toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
}

/** What counts of a pair, where that is not what was chosen about it. */
const STANDS = { left: "only the left one counts", right: "only the right one counts", both: "both count", neither: "neither counts" };

/** What was chosen earlier, and what stands if that is something else. @param {any} pair as the server tells it after the choice */
export function wasChosen({ choice, chosen, stays }) {
  if (!chosen) return "this pair is open again";
  const words = `you chose that ${NAMES[chosen]}`;
  if (choice === chosen) return words;
  return [`${words}; now ${choice ? STANDS[choice] : "both count, and it is open again"}`, ...staying(stays)].join(". ");
}

/** What a decision came to. @param {any} pair as the server tells it after the choice */
export function outcomeOf({ choice, chosen, people, stays }) {
  if (!chosen) return choice ? ["It is taken back", ...staying(stays)].join(". ") + "." : "It is open again.";
  const [left, right] = people.map((/** @type {any} */ each) => each.who);
  const one = left === right ? `both answers are ${left}’s` : `the left answer was ${left}’s, the right one ${right}’s`;
  const aside = { left: "the right one is set aside", right: "the left one is set aside", both: "both count", neither: "both are set aside" }[choice ?? "both"];
  return [`You chose: ${NAMES[chosen]}. ${one[0].toUpperCase()}${one.slice(1)}; ${aside}`, ...staying(stays)].join(". ") + ".";
}

/** Which answers stay aside although they may be right, and why. @param {{side: string, because: string}[]} stays */
function staying(stays) {
  return stays.map(({ side, because }) => `The ${side} one stays aside: ${because}`);
}

/** How near the moments are. @param {number | null} steps */
export function nearness(steps) {
  if (steps === null) return "Two nearly equal moments were answered differently.";
  if (steps < 0.005) return "Two equal moments were answered differently.";
  return `Two nearly equal moments, ${steps.toFixed(2)} of a step apart, were answered differently.`;
}
