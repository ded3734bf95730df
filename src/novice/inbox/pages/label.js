/** The page on which a person answers questions about visited moments. */

import { lookAt } from "./label-back.js";
import { buildVerdicts, paintCaps } from "./label-build.js";
import { compose } from "./label-answer.js";
import { paintWaiting } from "./label-cards.js";
import { api, desk, history, stage } from "./label-desk.js";
import { command, hearKey, hearRelease } from "./label-hands.js";
import { paintFocus } from "./label-paint.js";
import { paintSaved, showProgress } from "./label-saved.js";
import { goOn } from "./label-show.js";
import { begin } from "./label-start.js";
import { byId } from "./elements.js";
import { isTyping } from "./keys.js";
import { Outbox } from "./outbox.js";
import { Player } from "./picture.js";
import { Queue } from "./queue.js";
import { LastAnswers } from "./screen.js";
import { listenToFingers } from "./touch.js";

desk.player = new Player(/** @type {HTMLCanvasElement} */ (byId("picture")), (frame) => {
  desk.timeline?.light(frame);
  desk.run?.light(frame);
});
desk.outbox = new Outbox((answers) => api.store(answers), {
  changed: () => paintSaved(),
  stored: (progress) => showProgress(progress),
});
desk.queue = new Queue(api, () => desk.outbox.questions, {
  ready: () => goOn(),
  progress: (progress) => showProgress(progress),
  lost: () => goOn(),
});
desk.lastAnswers = new LastAnswers((back) => lookAt(history.length - 1 - back));

// They listen before anything is awaited: the first key must not be lost.
addEventListener("keydown", hearKey);
addEventListener("keyup", hearRelease);
addEventListener("beforeunload", (event) => desk.outbox.size && event.preventDefault());
addEventListener("pagehide", () => api.farewell(desk.queue.held));
addEventListener("pageshow", (event) => event.persisted && location.reload());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return desk.shown?.clock?.stop();
  desk.shown?.clock?.start();
  desk.queue.fill(true);
  desk.outbox.retry();
});
for (const name of ["focusin", "focusout", "focus", "blur"]) addEventListener(name, () => setTimeout(paintFocus));
document.addEventListener("click", (event) => {
  // After the mouse, the keys act again; who walks with Tab stays where they are.
  const target = /** @type {Element} */ (event.target);
  if (event.detail > 0 && !document.querySelector("dialog[open]") && !isTyping(target) && !target.closest("[data-part]")) {
    stage.focus({ preventScroll: true });
  }
});
listenToFingers(stage, {
  skip: () => command("skip"),
  back: () => command("back"),
});
for (const name of ["help", "settings"]) {
  byId(name).addEventListener("click", (event) => {
    // A closed dialog gives the focus back to what had it before.
    if (event.detail > 0) stage.focus({ preventScroll: true });
    command(name);
  });
}
byId("replay").addEventListener("click", () => command("replay"));
byId("back").addEventListener("click", () => command("back"));
byId("commit").addEventListener("click", () => command("commit"));
byId("return").addEventListener("click", () => command("cancel"));
buildVerdicts();
paintCaps();
paintWaiting();
stage.focus({ preventScroll: true });
paintFocus();
api.whenExpired = () => {
  desk.expired = true;
  desk.shown?.clock?.stop();
  desk.present = null;
  desk.place = null;
  desk.shown = null;
  desk.lesson?.end(false);
  desk.run?.leave();
  document.body.classList.remove("looking-back");
  compose([], false);
  paintWaiting();
  paintSaved();
};
begin();
