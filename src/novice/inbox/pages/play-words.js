/** What keys, numbers and times are called on the page, and the bars of a state. */

import { make, say } from "./elements.js";

/** @typedef {import("./play-link.js").Number_} Number_ */

/** What each state is called. */
export const WORDS = {
  connecting: "Connecting",
  ready: "Ready",
  playing: "Playing",
  watch: "Watching the policy",
  drive: "You drive",
  paused: "Paused",
  lost: "Link lost",
  stale: "Picture is late",
  over: "Over",
  done: "Done",
  watching: "Watching",
};

/**
 * What an action of the task is called.
 * @param {any} words the task's words for its actions
 * @param {number[] | null | undefined} action
 */
export function actionName(words, action) {
  if (!action) return "–";
  if (words.kind === "discrete") return words.choices[action[0]]?.name ?? String(action[0]);
  if (words.kind === "several") {
    return words.names
      .map((/** @type {string} */ name, /** @type {number} */ place) => `${name} ${action[place]}`)
      .join(", ");
  }
  if (words.kind === "switches") {
    const on = words.names.filter((/** @type {string} */ _, /** @type {number} */ place) => action[place]);
    return on.join(", ") || "all off";
  }
  return action.map((number) => plain(number, 2)).join(", ");
}

/** @param {number} seconds */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/**
 * @param {number} value
 * @param {number} [most] digits after the point
 */
export function plain(value, most = 3) {
  const size = Math.abs(value);
  const digits = Math.min(most, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3);
  const shown = Number.isInteger(value) ? String(value) : value.toFixed(digits);
  return shown.replace("-", "−");
}

/** Named bars of the numbers that the agent observes. */
export class Bars {
  /**
   * @param {HTMLElement} parent
   * @param {Number_[]} names
   */
  constructor(parent, names) {
    this.names = names;
    this.rows = [];
    const list = make("div", { class: "bars" });
    this.single = null;
    if (names.length > 32) {
      this.single = make("p", { class: "single" });
      parent.replaceChildren(this.single);
      return;
    }
    for (const { name } of names) {
      const value = make("span", { class: "value" });
      const fill = make("span", { class: "fill" });
      const middle = make("span", { class: "middle" });
      const track = make("div", { class: "track", "aria-hidden": "true" }, fill, middle);
      list.append(make("span", {}, name), value, track);
      this.rows.push({ value, fill, middle });
    }
    parent.replaceChildren(list);
  }

  /** @param {number[]} numbers */
  show(numbers) {
    if (this.single) {
      say(this.single, `${this.names.length} numbers are observed`);
      return;
    }
    this.rows.forEach((row, place) => this.fill(row, this.names[place], numbers[place]));
  }

  /**
   * @param {{value: HTMLElement, fill: HTMLElement, middle: HTMLElement}} row
   * @param {Number_} name
   * @param {number} number
   */
  fill({ value, fill, middle }, { unit, low, high }, number) {
    say(value, unit ? `${plain(number)} ${unit}` : plain(number));
    const from = low ?? Math.min(-1, number);
    const to = high ?? Math.max(1, number);
    const share = (/** @type {number} */ at) =>
      100 * Math.min(1, Math.max(0, (at - from) / (to - from || 1)));
    const zero = share(Math.min(Math.max(0, from), to));
    const here = share(number);
    fill.style.left = `${Math.min(zero, here)}%`;
    fill.style.width = `${Math.abs(here - zero)}%`;
    middle.style.left = `${zero}%`;
    middle.hidden = zero === 0 || zero === 100;
  }
}
