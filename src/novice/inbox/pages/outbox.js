/** Keep every answer in this browser until the server says that it is on disk. */

import { Refusal, pause } from "./api.js";

const BATCH = 50;
const DELAYS = [250, 500, 1000, 2000, 4000, 8000, 15_000];

/**
 * @typedef {{uuid: string, question: number, lease: number, verdict: string,
 *   actions: number[][], seconds: number, shown: object}} Answer
 * @typedef {{uuid: string, box: string, order: number, answer: Answer,
 *   refused?: string}} Kept
 */

/** The answers of one person in one run, in the order in which they were given. */
export class Outbox {
  /** @type {Kept[]} */ #waiting = [];
  /** @type {Kept[]} */ #refused = [];
  /** @type {IDBDatabase | null} */ #database = null;
  #box = "";
  #order = Date.now() * 1000;
  #sending = false;
  #wake = () => {};

  /** False where the browser lets us keep nothing. */
  durable = true;
  /** How many answers of another run or person lie in this browser. */
  others = 0;
  /** Why the last try failed, or null. @type {Error | null} */
  failure = null;

  /**
   * @param {(answers: Answer[]) => Promise<{stored: string[], progress: object}>} send
   * @param {{changed: () => void, stored: (progress: object, count: number) => void}} hear
   */
  constructor(send, hear) {
    this.send = send;
    this.hear = hear;
    addEventListener("online", () => this.retry());
  }

  /** How many answers the server has not confirmed. */
  get size() {
    return this.#waiting.length + this.#refused.length;
  }

  get refused() {
    return this.#refused.map((kept) => kept.refused ?? "");
  }

  /** The questions whose answers are still on their way. */
  get questions() {
    return this.#waiting.map((kept) => kept.answer.question);
  }

  /**
   * Take up what an earlier page left behind, and begin to send.
   * @param {string} box the run and the person
   */
  async open(box) {
    this.#box = box;
    try {
      this.#database = await openDatabase();
      const all = await everything(this.#database);
      const mine = all.filter((kept) => kept.box === box);
      mine.sort((one, other) => one.order - other.order);
      this.others = all.length - mine.length;
      for (const kept of this.#waiting) this.#keep(kept);
      this.#waiting.unshift(...mine);
    } catch {
      this.durable = false;
    }
    this.hear.changed();
    this.#flush();
  }

  /** @param {Answer} answer */
  add(answer) {
    const order = this.#order++;
    const kept = { uuid: answer.uuid, box: this.#box, order, answer };
    this.#waiting.push(kept);
    this.#keep(kept);
    this.hear.changed();
    this.#flush();
  }

  /** Try at once, whatever the delay was. */
  retry() {
    this.#wake();
    this.#flush();
  }

  /** Resolves when nothing is on its way. */
  async settled() {
    while (this.#waiting.length && !this.failure) await pause(20);
  }

  /** @param {Kept} kept */
  #keep(kept) {
    if (!this.#database) return;
    kept.box = this.#box;
    try {
      const change = this.#database.transaction("answers", "readwrite");
      change.onabort = () => this.#cannotKeep();
      change.objectStore("answers").put(kept);
    } catch {
      this.#cannotKeep();
    }
  }

  #cannotKeep() {
    this.durable = false;
    this.hear.changed();
  }

  /** @param {string[]} uuids */
  #forget(uuids) {
    const done = new Set(uuids);
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((kept) => !done.has(kept.uuid));
    if (this.#database) {
      const store = this.#database.transaction("answers", "readwrite").objectStore("answers");
      for (const uuid of uuids) store.delete(uuid);
    }
    return before - this.#waiting.length;
  }

  async #flush() {
    if (this.#sending || !this.#box) return;
    this.#sending = true;
    let failures = 0;
    let most = BATCH;
    while (this.#waiting.length) {
      const batch = this.#waiting.slice(0, most);
      try {
        const reply = await this.send(batch.map((kept) => kept.answer));
        const count = this.#forget(reply.stored);
        if (!count) throw new Refusal(502, "the server confirmed none of the answers");
        failures = 0;
        most = BATCH;
        this.failure = null;
        this.hear.stored(reply.progress, count);
      } catch (failure) {
        if (isAboutTheAnswers(failure)) {
          // One of them is refused for good; alone, it can't hold up the others.
          if (batch.length > 1) most = 1;
          else this.#setAside(batch[0], failure);
          continue;
        }
        this.failure = failure;
        this.hear.changed();
        if (failure instanceof Refusal && failure.status === 401) break;
        await this.#delay(DELAYS[Math.min(failures++, DELAYS.length - 1)]);
      }
    }
    this.#sending = false;
    this.hear.changed();
  }

  /** @param {Kept} kept @param {Error} why */
  #setAside(kept, why) {
    kept.refused = why.message;
    this.#waiting.shift();
    this.#refused.push(kept);
    this.#keep(kept);
    this.hear.changed();
  }

  /** @param {number} milliseconds */
  #delay(milliseconds) {
    const fuzzy = milliseconds * (0.8 + 0.4 * Math.random());
    return Promise.race([pause(fuzzy), new Promise((resolve) => (this.#wake = resolve))]);
  }
}

/** @param {unknown} failure */
function isAboutTheAnswers(failure) {
  return failure instanceof Refusal && [400, 409, 413, 422].includes(failure.status);
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("novice", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("answers", { keyPath: "uuid" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another page holds the outbox"));
  });
}

/**
 * @param {IDBDatabase} database
 * @returns {Promise<Kept[]>}
 */
function everything(database) {
  return new Promise((resolve, reject) => {
    const request = database.transaction("answers").objectStore("answers").getAll();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
