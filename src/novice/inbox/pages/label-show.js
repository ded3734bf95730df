/** Which question is on the screen. */

import { answerWaiting } from "./label-hands.js";
import { compose } from "./label-answer.js";
import { isEnough, paintWaiting } from "./label-cards.js";
import { desk } from "./label-desk.js";
import { paintBefore, paintLast, paintPicture } from "./label-paint.js";
import { paintSaved } from "./label-saved.js";
import { byId } from "./elements.js";
import { showCard } from "./screen.js";

export function next() {
  desk.shown = null;
  const item = isEnough() ? null : desk.queue.next();
  if (item) return show(item, null);
  desk.consequences?.close();
  desk.run?.leave();
  compose([], false);
  paintWaiting();
}

/** The queue has news: go on where nothing is on the screen. */
export function goOn() {
  if (!desk.shown && desk.place === null && !desk.lesson && !desk.expired && desk.pad) next();
  answerWaiting();
  paintSaved();
}

/**
 * @param {any} item
 * @param {{verdict: string, actions: (number | null)[][], steps?: number[]} | null} before
 *   the answer that stands
 */
export function show(item, before) {
  desk.shown = item;
  desk.consequences?.close();
  desk.run?.leave();
  showCard(null);
  byId("skeleton").hidden = true;
  desk.timeline?.show(item.question, item.strip);
  if (item.strip) desk.player.show(item.strip);
  else desk.player.stop();
  paintPicture(item);
  desk.bars?.show(item.question.observation);
  compose([], false);
  desk.pad.show([], before && ["action", "wrong"].includes(before.verdict) ? before.actions : []);
  paintBefore(before);
  // Once there was a run of frames, its button keeps its place.
  if (item.strip?.every) offer("run");
  if (!item.clock) {
    Object.assign(item, { clock: new Clock(), drawnAt: performance.now(), replays: 0, looked: false, copied: false });
  }
  item.clock.start();
  paintLast();
  if (item.drawn) return;
  whenPainted(() => {
    item.drawn = true;
    answerWaiting();
  });
}

/** @param {string} name of a command that is not always there */
export function offer(name) {
  /** @type {HTMLElement} */ (byId("verdicts").querySelector(`[data-command=${name}]`)).hidden = false;
}

/** Seconds of looking; a hidden page is a pause. */
class Clock {
  #spent = 0;
  /** @type {number | null} */ #since = null;

  start() {
    if (!document.hidden) this.#since ??= performance.now();
  }

  stop() {
    this.#spent = this.#until(performance.now());
    this.#since = null;
  }

  /** @param {number} at */
  seconds(at) {
    return this.#until(at) / 1000;
  }

  /** @param {number} at */
  #until(at) {
    return this.#spent + (this.#since === null ? 0 : Math.max(0, at - this.#since));
  }
}

/** @param {() => void} then */
function whenPainted(then) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    then();
  };
  requestAnimationFrame(() => port2.postMessage(null));
}
