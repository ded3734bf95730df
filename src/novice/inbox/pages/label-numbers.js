/** Copy numbers into the pad, and draw them over the picture. */

import { Refusal } from "./api.js";
import { answerWaiting } from "./label-hands.js";
import { api, desk, history } from "./label-desk.js";
import { paintArrow, paintComposed, tell } from "./label-paint.js";
import { several } from "./elements.js";
import { keepSettings, settings } from "./settings.js";

/** The newest numbers that this person gave. */
export function copyPrevious() {
  const before = desk.place ?? history.length;
  const telling = history.entries.slice(0, before).filter((entry) => entry.actions.length);
  const newest = telling.at(-1);
  if (!newest) return tell("There is no earlier answer with numbers.");
  desk.pad.set(newest.actions.at(-1));
  paintComposed();
}

/** Whether the policy's action may be asked for here. */
export function offersPolicy() {
  return desk.hello?.measuring === false;
}

/** What the policy did; that it was copied is told with the answer. */
export async function copyPolicy() {
  const item = desk.shown;
  if (!offersPolicy()) return tell("The policy’s action is not shown here: it is measured how people agree.");
  desk.busy = true;
  try {
    const action = await api.action(item.question.id);
    if (desk.shown === item) fillIn(item, action);
  } catch (failure) {
    const lost = desk.keys.length ? ` ${several(desk.keys.length, "key")} did nothing.` : "";
    desk.keys = [];
    const why = failure instanceof Refusal ? failure.message : "the server does not answer";
    tell(`The policy’s action did not come: ${why}.${lost}`);
  } finally {
    desk.busy = false;
  }
  answerWaiting();
}

/** @param {any} item @param {number[]} action */
function fillIn(item, action) {
  item.copied = true;
  desk.pad.set(action);
  paintComposed();
}

export function toggleArrow() {
  settings.arrow = !settings.arrow;
  keepSettings();
  paintArrow();
}
