/** The controls with which an action is named, one kind for each kind of action. */

import { part } from "./label-lazy.js";

/**
 * What a key or a click on a pad meant: this action and done; this one and more to
 * come; something to tell; or a change on the pad alone.
 * @typedef {{commit: number[]} | {collect: number[]} | {tell: string} | {changed: true}} Meant
 */

/**
 * What makes the pad for these actions, once its part of the page is there.
 * @param {any} action the words of the task's actions
 * @returns {Promise<(action: any, task: string, clicked: (meant: Meant) => void) => any>}
 */
export async function padMaker({ kind, choices }) {
  if (kind === "several") {
    const { RowsPad, rowsOf } = await part("pad-rows");
    return (action, task, clicked) => new RowsPad(rowsOf(action), clicked);
  }
  if (kind === "switches") {
    const { SwitchesPad } = await part("pad-rows");
    return (action, task, clicked) => new SwitchesPad(action, clicked);
  }
  if (kind === "real") {
    const { RealPad } = await part("pad-real");
    return (action, task, clicked) => new RealPad(action, clicked);
  }
  const { KeysPad, NumbersPad } = await part("pad-choices");
  if (choices.length <= 10) return (action, task, clicked) => new KeysPad(action, task, clicked);
  return (action, task, clicked) => new NumbersPad(action, clicked);
}
