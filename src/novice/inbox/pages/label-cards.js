/** What stands in the place of a question that is not there. */

import { desk } from "./label-desk.js";
import { comeBack } from "./label-start.js";
import { byId, make, say, several } from "./elements.js";
import { showCard } from "./screen.js";

/** Whether nobody is to be asked any more: what is said then changes no policy. */
export function isEnough() {
  const { labels = null, minutes = null } = desk.progress?.budget ?? {};
  return desk.progress?.phase === "finished"
    || (labels !== null && desk.progress.answered >= labels)
    || (minutes !== null && desk.progress.human_seconds >= 60 * minutes);
}

/** Whether a question is on its way, so that keys wait for it. */
export function isComing() {
  if (desk.place !== null) return true;
  return !desk.expired && !isEnough() && (desk.queue.coming || !desk.progress);
}

/** What stands in the place of a question that is not there. */
export function paintWaiting() {
  if (desk.lesson || desk.shown) return;
  const coming = isComing();
  byId("skeleton").hidden = !coming || desk.expired;
  byId("picture").hidden = true;
  byId("no-picture").hidden = true;
  byId("timeline").classList.add("still");
  document.body.classList.add("no-question");
  if (coming && !desk.expired) {
    showCard(null);
    const waiting = desk.keys.length ? ` ${several(desk.keys.length, "key")} ${desk.keys.length === 1 ? "waits" : "wait"} for it; Esc drops ${desk.keys.length === 1 ? "it" : "them"}.` : "";
    return say(byId("skeleton-text"), `Fetching the next moment …${waiting}`);
  }
  showCard(desk.expired ? cardExpired() : desk.queue.lost ? cardLost() : desk.progress?.phase === "finished" ? cardFinished() : cardWaiting());
}

function kept() {
  const count = desk.outbox.size;
  if (!count) return "All your answers are saved.";
  return `${several(count, "answer")} of yours ${count === 1 ? "is" : "are"} kept in this browser, and will be sent.`;
}

function cardExpired() {
  const again = make("button", { type: "button", class: "button first", click: comeBack }, "Try again");
  return {
    name: "expired",
    title: "This page is signed out",
    words: ["Open the address that novice printed in the terminal once more, in this browser. Then come back here.", kept(), again],
  };
}

export function cardLost() {
  return {
    name: "lost",
    title: "The server does not answer",
    words: ["It is tried again by itself, and the page goes on when it is back.", kept()],
    busy: true,
  };
}

/** @param {Error} failure */
export function cardStarting(failure) {
  const words = [`The server says: ${failure.message}.`, "The page goes on by itself."];
  return { name: "starting", title: "Not yet", words, busy: true };
}

function cardFinished() {
  const news = desk.progress.news.map((/** @type {{sentence: string}} */ each) => make("li", {}, each.sentence));
  const list = news.length ? [make("ul", { class: "news" }, ...news)] : [];
  return {
    name: "finished",
    title: `Done. Thank you, ${desk.hello.who}.`,
    words: [`Your ${several(desk.progress.mine, "answer")} taught this policy.`, ...list, kept()],
  };
}

const WAITING = {
  starting: "The first policy is on its way.",
  acting: "The newest policy is acting, so that there is something to ask about.",
  asking: "The next moments are being chosen.",
  evaluating: "The new policy is being measured.",
};

function cardWaiting() {
  if (isEnough() && desk.progress.training) {
    const words = ["That was the last question. The policy is learning from your answers; this page says when it is done.", kept()];
    return { name: "enough", title: "Thank you, that is enough", words, busy: true };
  }
  const learning = desk.progress.answered
    ? `The policy is learning from ${desk.progress.answered === desk.progress.mine ? "your " : ""}${several(desk.progress.answered, "answer")}.`
    : "The policy is learning.";
  const words = desk.progress.training
    ? [WAITING[desk.progress.phase] ?? learning, "The next questions come by themselves."]
    : ["Nothing is training at the moment. New questions come when the run goes on.", kept()];
  const title = desk.progress.training ? "No questions right now" : "The run is resting";
  return { name: "waiting", title, words, busy: Boolean(desk.progress.training) };
}
