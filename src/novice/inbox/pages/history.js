/** Everything this person answered, oldest first; earlier sittings come from the server. */

import { Item } from "./queue.js";

const PAGE = 20;
const PICTURES = 6; // The newest keep their decoded picture.

/**
 * @typedef {{question: import("./queue.js").Question, verdict: string,
 *   actions: (number | null)[][], steps?: number[], item: Item}} Entry
 */

export class History {
  /** @type {Entry[]} */ entries = [];
  /** The oldest answer that the server told, from which it goes on. @type {number | null} */
  #oldest = null;
  #complete = false;
  /** @type {Promise<void> | null} */ #underWay = null;

  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.api = api;
  }

  get length() {
    return this.entries.length;
  }

  /** Whether the server may know of older answers. */
  get more() {
    return !this.#complete;
  }

  /** @param {Entry} entry */
  push(entry) {
    this.entries.push(entry);
    const old = this.entries[this.entries.length - 1 - PICTURES];
    if (old) old.item.drop();
  }

  /** Put older answers before those that are here; how many came. */
  async older() {
    const before = this.entries.length;
    this.#underWay ??= this.#load().finally(() => (this.#underWay = null));
    await this.#underWay;
    return this.entries.length - before;
  }

  async #load() {
    while (!this.#complete) {
      const { items } = await this.api.history(this.#oldest, PAGE);
      if (items.length < PAGE) this.#complete = true;
      if (items.length) this.#oldest = items[items.length - 1].answer;
      const known = new Set(this.entries.map((entry) => entry.question.id));
      const fresh = items.filter(({ question }) => !known.has(question.id));
      const entries = fresh.map(({ question, verdict, actions, steps }) => ({
        question, verdict, actions, steps, item: new Item(question),
      }));
      this.entries.unshift(...entries.reverse());
      if (entries.length) return;
    }
  }
}
