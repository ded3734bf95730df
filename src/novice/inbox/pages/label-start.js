/** How the page begins, and begins again after it was signed out. */

import { Refusal, pause } from "./api.js";
import { buildPad, paintCaps } from "./label-build.js";
import { cardLost, cardStarting } from "./label-cards.js";
import { api, boxName, desk, history } from "./label-desk.js";
import { openLesson } from "./label-doors.js";
import { part } from "./label-lazy.js";
import { paintLast } from "./label-paint.js";
import { goOn, offer } from "./label-show.js";
import { byId } from "./elements.js";
import { learnLayout } from "./keys.js";
import { padMaker } from "./pad.js";
import { Bars, Header, Timeline, showCard } from "./screen.js";
import { settings } from "./settings.js";

export async function begin() {
  desk.hello = await untilThere(() => api.hello());
  const { words } = desk.hello;
  desk.header = new Header(desk.hello);
  desk.bars = new Bars(byId("bars"), words.observation);
  desk.timeline = new Timeline(words.step_seconds ?? null, (frame) => desk.player.rest(frame));
  if (desk.hello.consequences) offer("consequences");
  byId("overview").hidden = !desk.hello.overview;
  const opened = desk.outbox.open(boxName());
  desk.queue.fill();
  const makePad = await untilThere(() => padMaker(words.action));
  if (words.action.kind === "real") await untilThere(() => addNumbers());
  desk.makePad = makePad;
  buildPad();
  learnLayout().then(() => {
    paintCaps();
    if (!desk.shown && !desk.collected.length && !desk.lesson) buildPad();
  });
  if (!settings.practiced) await openLesson();
  goOn();
  await opened;
  await desk.outbox.settled();
  await history.older().catch(() => {});
  paintLast();
}

/** What only numbers need: an arrow over the picture, and a stick once there is one. */
async function addNumbers() {
  const { Arrow } = await part("pad-real");
  desk.arrow ??= new Arrow(byId("picture"));
  const listen = () => part("label-gamepad").then(({ listenToSticks }) => listenToSticks()).catch(() => {});
  addEventListener("gamepadconnected", listen);
  if (navigator.getGamepads?.().some(Boolean)) listen();
}

/**
 * Try until the server answers.
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
async function untilThere(ask) {
  for (;;) {
    try {
      const found = await ask();
      desk.queue.lost = false;
      return found;
    } catch (failure) {
      if (!(failure instanceof Refusal && failure.status === 401)) {
        desk.queue.lost = !(failure instanceof Refusal);
        showCard(desk.queue.lost ? cardLost() : cardStarting(/** @type {Error} */ (failure)));
        byId("skeleton").hidden = true;
      }
      await pause(desk.expired ? 3000 : 1500);
      desk.expired = false;
    }
  }
}

/** After the printed address was opened again. */
export async function comeBack() {
  if (!desk.pad) return location.reload();
  try {
    await api.hello();
  } catch {
    return;
  }
  desk.expired = false;
  desk.outbox.retry();
  desk.queue.fill();
  goOn();
}
