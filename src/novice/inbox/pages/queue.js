/** Questions on hand, each with its picture decoded before its turn comes. */

import { Refusal, pause } from "./api.js";
import { decode } from "./picture.js";

const FULL = 12;
const LOW = 8;
const TOGETHER = 3; // Pictures under way at once; answers need a connection too.
const LATE_PICTURE = 1000; // milliseconds after which the next ready one goes first
const RENEW = 20_000; // milliseconds

/**
 * @typedef {{id: number, lease: number, visit: number, step: number,
 *   observation: number[], episode: number}} Question
 * @typedef {import("./picture.js").Strip} Strip
 */

/** A question and what is shown about it. */
export class Item {
  /** @type {Strip | null} */ strip = null;
  /** Why there is no picture. @type {string | null} */ why = null;
  ready = false;
  loading = false;
  since = performance.now();

  /** @param {Question} question */
  constructor(question) {
    this.question = question;
  }

  /** @param {import("./api.js").Api} api */
  async load(api) {
    for (let tries = 1; !this.ready; tries++) {
      try {
        this.strip = await decode(await api.picture(this.question.id, "clip"));
        this.ready = true;
      } catch (failure) {
        const final = failure instanceof Refusal && failure.status !== 429;
        if (final || tries === 4) {
          this.why = failure instanceof Error ? failure.message : String(failure);
          this.ready = true;
        } else {
          await pause(300 * tries);
        }
      }
    }
  }

  /** Free the picture's memory; it can be loaded again. */
  drop() {
    this.strip?.bitmap.close();
    this.strip = null;
    this.ready = false;
  }
}

export class Queue {
  /** @type {Item[]} */ #waiting = [];
  /** @type {Set<number>} */ #seen = new Set();
  #loading = 0;
  #asking = false;
  #empty = false;

  /** Whether the server is out of reach. */
  lost = false;
  /** The question on the screen, which is leased too. @type {number | null} */
  shown = null;

  /**
   * @param {import("./api.js").Api} api
   * @param {() => number[]} onTheWay questions whose answers aren't stored yet
   * @param {{ready: () => void, progress: (progress: object) => void,
   *   lost: () => void}} hear
   */
  constructor(api, onTheWay, hear) {
    this.api = api;
    this.onTheWay = onTheWay;
    this.hear = hear;
    setInterval(() => document.hidden || this.fill(true), RENEW);
    addEventListener("online", () => this.fill());
  }

  /** Whether questions are on the way, so that keys can wait for them. */
  get coming() {
    return this.#waiting.length > 0 || (this.#asking && !this.#empty && !this.lost);
  }

  get count() {
    return this.#waiting.length;
  }

  /** The next question that can be shown, or null. */
  next() {
    const late = performance.now() - LATE_PICTURE;
    const [first] = this.#waiting;
    const index =
      !first || first.ready || first.since > late
        ? 0
        : Math.max(0, this.#waiting.findIndex((item) => item.ready));
    if (!this.#waiting[index]?.ready) return null;
    const [item] = this.#waiting.splice(index, 1);
    this.shown = item.question.id;
    this.fill();
    return item;
  }

  /** What this page holds, to be given back when it goes away. */
  get held() {
    const waiting = this.#waiting.map((item) => item.question.id);
    return this.shown === null ? waiting : [this.shown, ...waiting];
  }

  /**
   * Ask for more where few are left, and renew the leases of those on hand.
   * @param {boolean} [renew]
   */
  async fill(renew = false) {
    if (this.#asking) return;
    const want = this.#waiting.length < LOW ? FULL - this.#waiting.length : 0;
    if (!want && !renew) return;
    this.#asking = true;
    let again = 0; // milliseconds until the next try; 0: none is due
    try {
      const holding = [...this.held, ...this.onTheWay()];
      const release = this.#outdated();
      const wish = { want, holding: holding.filter((id) => !release.includes(id)), release };
      const reply = await this.api.lease(wish);
      const fresh = this.#take(reply.questions);
      this.lost = false;
      this.#empty = want > 0 && fresh === 0;
      this.hear.progress(reply.progress);
      if (this.#empty) again = 1000;
    } catch (failure) {
      if (failure instanceof Refusal && failure.status === 401) return;
      this.lost = !(failure instanceof Refusal && failure.status === 429);
      this.hear.lost();
      again = 1500;
    } finally {
      this.#asking = false;
    }
    this.#load();
    if (again) setTimeout(() => this.fill(), again);
    else this.fill();
    this.hear.ready();
  }

  /** @param {Question[]} questions */
  #take(questions) {
    const fresh = questions.filter(({ id }) => !this.#seen.has(id));
    for (const question of fresh) {
      this.#seen.add(question.id);
      this.#waiting.push(new Item(question));
    }
    // The newest policy's moments first; the sort keeps the order among equals.
    this.#waiting.sort((one, other) => other.question.visit - one.question.visit);
    return fresh.length;
  }

  /** Moments of older policies go back once enough of the newest are ready. */
  #outdated() {
    const newest = this.#waiting[0]?.question.visit;
    const ready = this.#waiting.filter((item) => item.ready && item.question.visit === newest);
    if (ready.length < LOW / 2) return [];
    const old = this.#waiting.filter((item) => item.question.visit !== newest);
    this.#waiting = this.#waiting.filter((item) => item.question.visit === newest);
    for (const item of old) {
      this.#seen.delete(item.question.id);
      item.drop();
    }
    return old.map((item) => item.question.id);
  }

  async #load() {
    while (this.#loading < TOGETHER) {
      const item = this.#waiting.find((each) => !each.ready && !each.loading);
      if (!item) return;
      item.loading = true;
      this.#loading++;
      item.load(this.api).then(() => {
        this.#loading--;
        this.#load();
        this.hear.ready();
      });
    }
  }
}
