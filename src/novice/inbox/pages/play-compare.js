/** The policy's action beside the person's, and how sure the policy is. */

import { make, say } from "./elements.js";
import { placeOn } from "./play-pads.js";
import { actionName, plain } from "./play-words.js";

/**
 * @typedef {import("./play-link.js").Hello} Hello
 * @typedef {import("./play-link.js").Status} Status
 */

const ICON = "http://www.w3.org/2000/svg";

/** @param {string} name */
function icon(name) {
  const drawing = document.createElementNS(ICON, "svg");
  drawing.setAttribute("width", "18");
  drawing.setAttribute("height", "18");
  drawing.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ICON, "use");
  use.setAttribute("href", `#icon-${name}`);
  drawing.append(use);
  return drawing;
}

export class Compare {
  /**
   * @param {HTMLElement} root
   * @param {Hello} hello
   */
  constructor(root, hello) {
    this.root = root;
    this.words = hello.words.action;
    this.takeover = Boolean(hello.takeover);
    this.axes = this.words.kind === "real" ? (hello.axes ?? []) : [];
    this.most = 0; // the largest uncertainty that was seen
    root.hidden = !this.takeover && !this.axes.length;
    this.policyName = make("span", {}, "Policy");
    this.policy = make("strong");
    this.mine = make("strong");
    this.doubt = make("span", { class: "number" });
    this.doubtFill = make("span", { class: "fill" });
    this.doubtRow = make(
      "div",
      { class: "doubt", hidden: true },
      make("span", {}, "The policy’s doubt"),
      make("span", { class: "track", "aria-hidden": "true" }, this.doubtFill),
      this.doubt,
    );
    this.rows = this.axes.map((axis) => this.drawRow(axis));
    root.toggleAttribute("data-real", this.axes.length > 0);
    const side = (/** @type {string} */ who, /** @type {(Node | null)[]} */ ...parts) =>
      make("div", { class: `who ${who}` }, ...parts);
    root.replaceChildren(
      make(
        "div",
        { class: "heads" },
        this.takeover ? side("policy", icon("watch"), make("span", { class: "mark" }), this.policyName, this.axes.length ? null : this.policy) : null,
        side("mine", icon("drive"), make("span", { class: "mark" }), make("span", {}, "You"), this.axes.length ? null : this.mine),
      ),
      ...this.rows.map(({ row }) => row),
      this.doubtRow,
    );
  }

  /** @param {import("./play-link.js").Axis} axis */
  drawRow(axis) {
    const policy = make("span", { class: "spot policy", hidden: true });
    const mine = make("span", { class: "spot mine", hidden: true });
    const theirs = make("span", { class: "number policy" });
    const own = make("span", { class: "number mine" });
    const unit = axis.unit ? ` (${axis.unit})` : "";
    const row = make(
      "div",
      { class: "axis" },
      make("span", { class: "name" }, `${axis.name}${unit}`),
      this.takeover ? theirs : null,
      own,
      make("span", { class: "track", "aria-hidden": "true" }, make("span", { class: "zero" }), policy, mine),
    );
    const half = axis.low < axis.rest && axis.high > axis.rest;
    if (!half) row.classList.add("one-sided");
    return { row, axis, policy, mine, theirs, own, half };
  }

  /**
   * @param {Status} status
   * @param {{mine: number[] | null, policy: number[] | null}} actions
   */
  show(status, { mine, policy }) {
    if (this.root.hidden) return;
    say(this.policyName, status.policy || "Policy");
    say(this.policy, actionName(this.words, policy));
    say(this.mine, mine ? actionName(this.words, mine) : this.takeover ? "watching" : "–");
    const differ = Boolean(mine && policy && mine.some((each, place) => Math.abs(each - policy[place]) > 0.01));
    this.root.toggleAttribute("data-differ", differ && status.driver === "person");
    this.rows.forEach((row, place) => {
      move(row, row.policy, row.theirs, policy?.[place]);
      move(row, row.mine, row.own, mine?.[place]);
    });
    this.showDoubt(status.uncertainty ?? null);
  }

  /** @param {number | null} doubt */
  showDoubt(doubt) {
    this.doubtRow.hidden = doubt === null;
    if (doubt === null) return;
    this.most = Math.max(this.most, doubt);
    say(this.doubt, plain(doubt, 2));
    this.doubtFill.style.transform = `scaleX(${this.most > 0 ? doubt / this.most : 0})`;
  }
}

/** @param {number | undefined} value */
function move({ axis, half }, spot, number, value) {
  spot.hidden = value === undefined;
  say(number, value === undefined ? "–" : plain(value, 2));
  if (value === undefined) return;
  const place = placeOn(axis, value);
  const share = half ? (place + 1) / 2 : axis.low < axis.rest ? place + 1 : place;
  spot.style.transform = `translateX(${(100 * share).toFixed(2)}%)`;
}
