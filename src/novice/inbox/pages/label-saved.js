/** How far the run is, and where this person's answers are. */

import { Refusal } from "./api.js";
import { isEnough, paintWaiting } from "./label-cards.js";
import { boxName, desk, notices } from "./label-desk.js";
import { next } from "./label-show.js";
import { byId, make, say, several } from "./elements.js";
import { keepSettings, settings } from "./settings.js";

const SAVING_SHOWS = 150; // milliseconds; quicker saves don't flicker

/** @param {any} news */
export function showProgress(news) {
  // Replies may overtake each other; what is kept never becomes less.
  if (news.stored < (desk.progress?.stored ?? 0)) return;
  desk.progress = news;
  desk.header?.show(desk.progress);
  const box = boxName();
  const newest = desk.progress.news.filter((/** @type {{id: number}} */ each) => each.id > (settings.news[box] ?? 0)).at(-1);
  if (newest && desk.progress.phase !== "finished") notices.set("news", newest.sentence);
  if (newest) {
    settings.news[box] = newest.id;
    keepSettings();
  }
  paintSaved();
  if (desk.shown && desk.place === null && isEnough()) next();
  else if (!desk.shown) paintWaiting();
}

let savedTimer = 0;
let saidKind = "";

/** Where the answers are, in words. */
export function paintSaved() {
  const { size, failure } = desk.outbox;
  const where = desk.outbox.durable ? "in this browser" : "in this page only";
  const wait = size > 0 && !failure && byId("saved").dataset.state === "saved";
  clearTimeout(savedTimer);
  savedTimer = setTimeout(() => paintSavedAs(size, failure, where), wait ? SAVING_SHOWS : 0);
  notices.set("durable", desk.outbox.durable ? null : "This browser keeps nothing for later. Close the page only when it says Saved.", "warning");
  notices.set("others", desk.outbox.others ? `${several(desk.outbox.others, "answer")} of another run or person ${desk.outbox.others === 1 ? "is" : "are"} kept in this browser; they are sent when that page is opened.` : null);
  const [refusal] = desk.outbox.refused;
  notices.set("refused", refusal ? `${several(desk.outbox.refused.length, "answer")} could not be taken: ${refusal}` : null, "warning");
  notices.set("server", failure instanceof Refusal && ![401, 429].includes(failure.status) ? failure.message : null, "warning");
}

/** @param {number} size @param {Error | null} failure @param {string} where */
function paintSavedAs(size, failure, where) {
  const offline = failure && !(failure instanceof Refusal);
  let kind = "saved";
  let keeper = "";
  let words = `Saved ${(desk.progress?.stored ?? 0).toLocaleString("en")}`;
  if (!desk.progress) [kind, words] = ["loading", "Loading"];
  if (size) [kind, words] = ["saving", `Saving ${size}`];
  if (offline || (desk.queue.lost && !size)) [kind, words] = ["offline", size ? `Offline, ${size} kept` : "Offline, all saved"];
  else if (desk.expired) [kind, words] = ["offline", `Signed out, ${size} kept`];
  else if (failure && size && failure.status !== 429) [kind, words] = ["offline", `Not saved, ${size} kept`];
  if (kind === "offline" && size) keeper = ` ${where}`;
  byId("saved").dataset.state = kind;
  // A narrow screen has no room for where.
  if (byId("saved-text").textContent !== words + keeper) {
    byId("saved-text").replaceChildren(words, make("span", { class: "roomy" }, keeper));
  }
  if (kind !== saidKind && kind !== "saving") {
    if (saidKind && !(kind === "saved" && saidKind === "loading")) say(byId("aloud"), words + keeper);
    saidKind = kind;
  }
}
