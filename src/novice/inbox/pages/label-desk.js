/** What the parts of the labeling page share: who is asked, and what is on the screen. */

import { Api } from "./api.js";
import { byId } from "./elements.js";
import { History } from "./history.js";
import { Notices } from "./screen.js";

/**
 * What the person did: a key, or a click with its meaning; `at` is when.
 * @typedef {{code?: string, key?: string, shift?: boolean, alt?: boolean, at: number,
 *   meant?: any}} Input
 */

export const stage = byId("stage");
export const api = new Api();
export const history = new History(api);
export const notices = new Notices();

export const desk = {
  /** Who is asked, what about, in which words. @type {any} */ hello: null,
  /** How far the run is. @type {any} */ progress: null,
  /** @type {any} */ pad: null,
  /** Makes the pad for this kind of actions, once its part is there. @type {any} */ makePad: null,
  /** The arrow over the picture, for numbers. @type {any} */ arrow: null,
  /** @type {import("./outbox.js").Outbox} */ outbox: /** @type {any} */ (null),
  /** @type {import("./queue.js").Queue} */ queue: /** @type {any} */ (null),
  /** @type {import("./picture.js").Player} */ player: /** @type {any} */ (null),
  /** @type {import("./screen.js").Timeline | null} */ timeline: null,
  /** @type {import("./screen.js").Bars | null} */ bars: null,
  /** @type {import("./screen.js").Header | null} */ header: null,
  /** @type {import("./screen.js").LastAnswers} */ lastAnswers: /** @type {any} */ (null),

  /** What is on the screen. @type {any} */ shown: null,
  /** The present question while an earlier one is looked at. @type {any} */ present: null,
  /** The place in the history that is looked at. @type {number | null} */ place: null,
  /** Actions that will be answered together. @type {number[][]} */ collected: [],
  wrong: false,
  collecting: false,
  /** Keys that wait for a question. @type {Input[]} */ keys: [],
  /** Something is fetched that the next keys are about; they wait for it. */ busy: false,
  expired: false,
  /** The lesson of a first visit, which takes the keys. @type {any} */ lesson: null,
  /** The run of frames that is open, which takes the keys. @type {any} */ run: null,
  /** What an action leads to, once that was fetched. @type {any} */ consequences: null,
};

/** The name under which this browser keeps what belongs to this person in this run. */
export function boxName() {
  return `${desk.hello.inbox ?? desk.hello.run}|${desk.hello.who}`;
}
