/** From what is chosen to an answer on its way. */

import { newId } from "./api.js";
import { returnToPresent } from "./label-back.js";
import { desk, history, notices } from "./label-desk.js";
import { fetchAhead } from "./label-lazy.js";
import { paintComposed, tell } from "./label-paint.js";
import { next } from "./label-show.js";

const LONGEST_LOOK = 3600; // seconds
const A_PAUSE = 3 * 60_000; // milliseconds without an answer

let sittingSince = performance.now();
let lastAnswerAt = performance.now();

/** @typedef {import("./label-desk.js").Input} Input */

/** @param {number[]} action */
export function collect(action) {
  const others = desk.collected.filter((each) => String(each) !== String(action));
  compose(others.length < desk.collected.length ? others : [...desk.collected, action], desk.wrong, desk.collecting);
}

/** @param {number[][]} actions @param {boolean} wrong @param {boolean} collecting */
export function compose(actions, wrong, collecting = false) {
  desk.collected = actions;
  desk.wrong = wrong;
  desk.collecting = collecting;
  desk.pad?.show(actions, []);
  paintComposed();
}

/** @param {number[][]} actions @param {Input} input */
export function answerWith(actions, input) {
  answer(desk.wrong ? "wrong" : "action", actions, input);
}

/**
 * @param {string} verdict
 * @param {(number | null)[][]} actions
 * @param {Input} input
 * @param {number[] | null} steps where the actions lie in a run of frames
 */
export function answer(verdict, actions, input, steps = null) {
  const item = desk.shown;
  const early = input.at < item.drawnAt;
  const seconds = early ? 0 : Math.min(item.clock.seconds(input.at), LONGEST_LOOK);
  const seen = { clip: item.strip !== null, consequences: item.looked, replays: item.replays };
  if (early) Object.assign(seen, { early });
  if (item.copied) Object.assign(seen, { copied: true });
  desk.outbox.add({
    uuid: newId(),
    question: item.question.id,
    lease: desk.place === null ? item.question.lease : 0,
    verdict,
    actions,
    ...(steps ? { steps } : {}),
    seconds: Math.round(seconds * 1000) / 1000,
    shown: seen,
  });
  if (actions.length === 1) desk.pad.flash(actions[0]);
  hintAtPause();
  fetchAhead();
  goOnAfter({ question: item.question, verdict, actions, steps: steps ?? [], item });
}

/** @param {import("./history.js").Entry} entry */
function goOnAfter(entry) {
  if (desk.place === null) {
    history.push(entry);
    return next();
  }
  const { verdict, actions, steps } = entry;
  Object.assign(history.entries[desk.place], { verdict, actions, steps });
  tell("Changed. The earlier answer is kept beside it.");
  returnToPresent();
}

function hintAtPause() {
  const now = performance.now();
  if (now - lastAnswerAt > A_PAUSE) sittingSince = now;
  lastAnswerAt = now;
  const minutes = (now - sittingSince) / 60_000;
  if (minutes < (desk.hello.pause_after_minutes ?? 25)) return;
  notices.set("pause", `You have been answering for ${Math.round(minutes)} minutes. A short pause keeps the answers good; nothing is lost meanwhile.`);
  sittingSince = now;
}
