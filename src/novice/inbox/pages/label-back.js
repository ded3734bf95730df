/** Back through the answers, and to the present question again. */

import { answerWaiting } from "./label-hands.js";
import { paintWaiting } from "./label-cards.js";
import { api, desk, history } from "./label-desk.js";
import { tell } from "./label-paint.js";
import { next, show } from "./label-show.js";

export async function lookBack() {
  if (desk.expired || !desk.pad) return;
  const from = desk.place ?? history.length;
  if (from > 0) return lookAt(from - 1);
  if (!history.more) return tell("This is your first answer.");
  tell("Fetching your earlier answers …");
  try {
    const count = await history.older();
    if (desk.place !== null) desk.place += count;
    tell(count ? "" : "There are no earlier answers.");
    if (count) lookAt((desk.place ?? history.length) - 1);
  } catch {
    tell("Your earlier answers are not here: the server does not answer.");
  }
}

/** @param {number} index */
export async function lookAt(index) {
  const entry = history.entries[index];
  if (!entry || desk.expired || desk.lesson) return;
  desk.shown?.clock?.stop();
  if (desk.place === null) desk.present = desk.shown;
  desk.place = index;
  desk.shown = null;
  if (!entry.item.ready) {
    paintWaiting();
    await entry.item.load(api);
    if (desk.place === null || history.entries[desk.place] !== entry) return;
  }
  delete entry.item.clock;
  entry.item.drawn = false;
  show(entry.item, entry);
}

export function returnToPresent() {
  const looked = desk.place === null ? null : history.entries[desk.place];
  desk.shown?.clock?.stop();
  desk.shown = null;
  desk.place = null;
  if (looked && history.entries.indexOf(looked) < history.length - 6) looked.item.drop();
  if (desk.present) show(desk.present, null);
  else next();
  desk.present = null;
  answerWaiting();
}
