/** The card over the picture: what stands still and why, and how it goes on. */

import { several } from "./elements.js";
import { capOf } from "./keys.js";
import { clock, plain } from "./play-words.js";

/**
 * @typedef {import("./play-link.js").Status} Status
 * @typedef {import("./play-link.js").Hello} Hello
 * @typedef {{title: string, text: string, buttons: [string, string, string][]}} Card
 *   with what is written on each button, the command of its key, and what it wishes
 */

const ENDINGS = {
  terminated: "The episode is over",
  truncated: "Time is up",
  cut: "Ended here",
};
/** Why the controls were taken away, as the title of the pause. */
const LOCKED = {
  stale: "Paused: the picture was late",
  link: "Paused: the link was lost",
  silent: "Paused: the page was silent",
  hidden: "Paused: the page was out of sight",
};
const NOTHING = { title: "", text: "", buttons: [] };

/**
 * @param {string} state
 * @param {Hello | null} hello
 * @param {Status | null} status
 * @param {{hold: boolean, takeCap: string}} how
 * @returns {Card}
 */
export function cardFor(state, hello, status, how) {
  if (!hello || !status) return { ...NOTHING, title: "Connecting to the task" };
  if (state === "ready") return hello.takeover ? readyToWatch(status, how) : ready(hello, status);
  if (state === "paused") return hello.takeover ? pausedDrive(status, how) : paused(status);
  if (state === "lost") {
    return {
      title: "The link is lost: nothing is recorded",
      text: "Trying to reach the task again. If this lasts, look at the terminal.",
      buttons: [],
    };
  }
  if (state === "stale") {
    return {
      title: "No new picture: the controls are locked",
      text: "Your keys were let go. Wait until pictures come again.",
      buttons: [],
    };
  }
  if (state === "watching") {
    return {
      title: "Another page is playing",
      text: "One page has the controls; this one watches.",
      buttons: [[hello.takeover ? "Control it here instead" : "Play here instead", "", "here"]],
    };
  }
  if (state === "done") {
    return {
      title: `Done: ${several(status.kept, "episode")} kept`,
      text: `${several(status.saved, "step")} saved in ${hello.folder}. The terminal says what to type next; you can close this page.`,
      buttons: [],
    };
  }
  return state === "over" ? over(hello, status) : NOTHING;
}

/** @param {Hello} hello @param {Status} status @returns {Card} */
function ready(hello, status) {
  const keys = hello.buttons.map((button) => capOf(button.keys[0])).join(" ");
  const how = hello.turns ? "Each key press is one step." : "";
  return {
    title: `Press ${keys.length < 24 ? keys : "an action key"} to begin`,
    text: status.reason || how,
    buttons: [],
  };
}

/** @param {Status} status @returns {Card} */
function readyToWatch(status, { hold, takeCap }) {
  const how = hold
    ? `It drives first. Hold ${takeCap} while it goes wrong and drive yourself.`
    : `It drives first. When it goes wrong, ${takeCap} gives you the controls.`;
  const name = status.policy || "the policy";
  return {
    title: `Watch ${name}`,
    text: status.reason || how,
    buttons: [["Begin", "take", "go"]],
  };
}

/** @param {Status} status @returns {Card} */
function paused(status) {
  return {
    title: "Paused: nothing is recorded",
    text: status.reason,
    buttons: [["Go on", "go", "go"]],
  };
}

/** @param {Status} status @returns {Card} */
function pausedDrive(status, { hold, takeCap }) {
  const mine = status.driver === "person";
  const next = mine ? "You drive when it goes on." : "The policy drives when it goes on.";
  const why = status.locked ? "Your keys were let go." : status.reason;
  const holding = hold ? ` Hold ${takeCap} to drive.` : "";
  return {
    title: LOCKED[status.locked ?? ""] ?? "Paused: nothing is recorded",
    text: [why, next + holding].filter(Boolean).join(" "),
    buttons: [
      ["Go on", "pause", "go"],
      ...(hold ? [] : [/** @type {[string, string, string]} */ ([mine ? "Hand back" : "Take the controls", "take", "take"])]),
    ],
  };
}

/** @param {Hello} hello @param {Status} now @returns {Card} */
function over(hello, now) {
  const reward = now.rewarded ? `Return ${plain(now.total_reward)}` : "No reward";
  const yours = hello.takeover ? `${several(now.person_steps ?? 0, "step")} of yours kept` : "";
  const last = now.wanted && now.kept >= now.wanted;
  /** @type {[string, string, string][]} */
  const buttons = [[last ? "Keep and finish" : "Keep, next", "keep", "keep"]];
  if (undoable(now)) buttons.push([takeBack(now), "undo", "undo"]);
  else if (now.ending) buttons.push(["Discard", hasDriven(now) ? "" : "discard", "discard"]);
  return {
    title: now.reason || ENDINGS[now.ending ?? "cut"],
    text: [reward, several(now.steps, "step"), yours || clock(now.seconds)].join("\u00a0· "),
    buttons,
  };
}

/** Whether there is driving of the person's to take back. @param {Status} now */
export const undoable = (now) => (now.undoable ?? 0) > 0;

/** What taking back would take back, in words. @param {Status} now */
export const takeBack = (now) => `Take back ${plain(now.undoable ?? 0, 1)} s`;

/** Whether the person drove in this episode, kept or taken back. @param {Status} now */
export const hasDriven = (now) => Boolean(now.interventions || now.person_steps || undoable(now));
