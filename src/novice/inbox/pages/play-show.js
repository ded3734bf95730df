/** The numbers beside the picture: what was saved, how far, and what can be done. */

import { byId, say, several } from "./elements.js";
import { hasDriven, takeBack, undoable } from "./play-card.js";
import { clock, plain } from "./play-words.js";

/**
 * @typedef {import("./play-link.js").Status} Status
 * @typedef {import("./play-link.js").Hello} Hello
 */

/** @param {Status} now @param {Hello | null} hello */
export function showNumbers(now, hello) {
  const wanted = now.wanted ? ` of ${now.wanted}` : "";
  say(byId("episode"), `episode ${Math.max(now.episode, 1)}${wanted}`);
  say(byId("return"), now.rewarded ? plain(now.total_reward) : now.steps ? "none" : "–");
  say(byId("steps"), now.steps.toLocaleString("en"));
  say(byId("time"), clock(now.seconds));
  say(byId("speed"), `${plain(now.speed)}×`);
  if (hello?.takeover) {
    say(byId("person-steps"), (now.person_steps ?? 0).toLocaleString("en"));
    say(byId("interventions"), (now.interventions ?? 0).toLocaleString("en"));
    say(byId("sum"), `${several(now.label_total ?? 0, "step")} of yours kept in all`);
  }
  showSaved(now);
  const trouble = byId("trouble");
  trouble.hidden = !now.trouble;
  say(trouble, now.trouble);
}

/** @param {Status} now */
function showSaved({ saved, unsaved, trouble }) {
  const failed = Boolean(trouble) && unsaved > 0;
  const state = failed ? "failed" : unsaved ? "saving" : saved ? "saved" : "quiet";
  byId("saved").dataset.state = state;
  // In real time a step or two is always on the way; that is no news.
  const moving = unsaved > 5 && !failed ? `, saving ${unsaved}` : "";
  const lost = failed ? `, ${unsaved} not saved` : "";
  const words = `Saved ${several(saved, "step")}${moving}${lost}`;
  say(byId("saved-text"), saved || unsaved ? words : "Nothing to save yet");
}

const HERE = ["ready", "playing", "watch", "drive", "paused", "over"];
const MOVING = ["playing", "watch", "drive"];

/**
 * Which buttons can be pressed, and what is written on them.
 * @param {string} state
 * @param {Status | null} status
 * @param {boolean} locked
 */
export function showTools(state, status, locked) {
  const here = HERE.includes(state) && !locked;
  const going = MOVING.includes(state) || state === "paused";
  const begun = Boolean(status?.steps) || going;
  const back = Boolean(status && undoable(status));
  const able = {
    pause: going,
    step: here && state === "paused",
    restart: here && begun,
    discard: here && (back || begun),
    keep: here && (state === "over" || (going && Boolean(status?.steps))),
    finish: here,
    slower: here,
    faster: here,
    take: here && (MOVING.includes(state) || state === "paused"),
  };
  for (const [id, can] of Object.entries(able)) {
    /** @type {HTMLButtonElement} */ (byId(id)).disabled = !can;
  }
  words("pause", state === "paused" ? "Go on" : "Pause");
  words("discard", back && status ? takeBack(status) : "Discard");
  const keyless = Boolean(status && !back && hasDriven(status));
  const key = byId("discard").querySelector("kbd");
  if (key) key.hidden = keyless;
}

/**
 * @param {string} id
 * @param {string} text
 */
function words(id, text) {
  const place = byId(id).querySelector("span");
  if (place) say(place, text);
}

/**
 * The large button with which the controls change hands.
 * @param {Status | null} status
 * @param {boolean} hold
 */
export function showTake(status, hold) {
  const mine = status?.driver === "person";
  const button = byId("take");
  button.dataset.driver = mine ? "person" : "policy";
  byId("take-icon").setAttribute("href", mine ? "#icon-watch" : "#icon-drive");
  const give = hold ? "Let go to hand back" : "Hand back";
  const get = hold ? "Hold to drive" : "Take the controls";
  say(byId("take-words"), mine ? give : get);
}
