/** Put the overview's numbers into tables that also read well on a phone. */

import { make, several } from "./elements.js";
import { interval, short } from "./overview-chart.js";

/**
 * A table whose rows become cards where there is little room; roles keep it a table.
 * A column in which nothing stands is left out.
 * @param {string} says
 * @param {string[]} allHeads
 * @param {(Node | string | null)[][]} allRows
 */
export function table(says, allHeads, allRows) {
  const filled = allHeads.map((_, place) => allRows.some((cells) => cells[place] !== null));
  const heads = allHeads.filter((_, place) => filled[place]);
  const rows = allRows.map((cells) =>
    cells.filter((_, place) => filled[place]).map((cell) => cell ?? "–"),
  );
  const row = (/** @type {HTMLElement[]} */ cells) => make("tr", { role: "row" }, ...cells);
  return make(
    "table",
    { role: "table" },
    make("caption", { class: "visually-hidden" }, says),
    make(
      "thead",
      { role: "rowgroup" },
      row(heads.map((head) => make("th", { role: "columnheader", scope: "col" }, head))),
    ),
    make(
      "tbody",
      { role: "rowgroup" },
      ...rows.map(([first, ...rest]) =>
        row([
          make("th", { role: "rowheader", scope: "row" }, first),
          ...rest.map((cell, place) =>
            make("td", { role: "cell", "data-head": heads[place + 1] }, cell),
          ),
        ]),
      ),
    ),
  );
}

/**
 * A number, its interval and how much it rests on, with a small picture of them.
 * @param {{value: number, ci95: number[], items: number} | null} told
 * @param {{most?: number, share?: boolean}} [how]
 */
export function measured(told, { most = 1, share = false } = {}) {
  if (!told) return null;
  const word = (/** @type {number} */ value) =>
    share ? `${Math.round(100 * value)} %` : fixed(value);
  const [low, high] = told.ci95;
  return make(
    "span",
    { class: "measured" },
    interval(told, most),
    make("span", {}, make("strong", {}, word(told.value)), ` [${word(low)}, ${word(high)}]`),
  );
}

/**
 * @param {any} overview
 */
export function peopleTable(overview) {
  // Of choices it is the likelihood that knows who errs how often, not a weight.
  const weighted = overview.answers === "weighted" && !overview.choices;
  const weights = overview.people.map((/** @type {any} */ each) => each.reliability?.weight);
  const known = weights.filter((/** @type {any} */ each) => typeof each === "number");
  const mean = known.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0) / known.length;
  const heads = [
    "Who",
    "Labels",
    "Time",
    "A minute",
    overview.choices ? "Right" : "Scatter",
    "Same again",
    "Gold",
    "Weight",
  ];
  const rows = overview.people.map((/** @type {any} */ each) => [
    who(each),
    each.labels ? each.labels.toLocaleString("en") : null,
    each.seconds ? duration(each.seconds) : null,
    each.per_minute ? short(each.per_minute) : null,
    measured(each.reliability, { share: overview.choices }),
    measured(each.self_agreement),
    each.gold.asked ? `${each.gold.right} of ${each.gold.asked}` : null,
    weighted && each.labels ? weight(each.reliability?.weight, mean) : null,
  ]);
  return table("Everybody who was invited or has answered", heads, rows);
}

/** @param {any} each */
function who(each) {
  const notes = [
    each.role ?? "not invited",
    each.revoked && each.role ? "invitation taken back" : "",
    each.simulated ? "simulated" : "",
  ].filter(Boolean);
  return make(
    "span",
    { class: "who" },
    make("strong", {}, each.who),
    make("span", { class: "quiet" }, notes.join(" · ")),
    each.reading ? make("span", { class: "row-reading" }, each.reading) : null,
  );
}

/**
 * @param {number | null | undefined} value
 * @param {number} mean
 */
function weight(value, mean) {
  if (!(mean > 0)) return null;
  if (typeof value !== "number") return "× 1.00";
  return `× ${(value / mean).toFixed(2)}`;
}

/** @param {any[]} pairs */
export function pairsTable(pairs) {
  const name = pairs[0]?.measure === "alpha" ? "Alpha" : "Kappa";
  return table(
    "How far each two people agree",
    ["Who", name, "Both answered", "What it says"],
    pairs.map((pair) => [
      make("span", {}, make("strong", {}, pair.one), " and ", make("strong", {}, pair.other)),
      measured(pair.agreement),
      several(pair.both, "moment"),
      make("span", { class: "says" }, pair.reading),
    ]),
  );
}

/** @param {any[]} actions */
export function actionsTable(actions) {
  return table(
    "Agreement by action",
    ["Action", "The other said it too", "From"],
    actions.map((each) => [
      make("strong", {}, each.action),
      measured(each, { share: true }),
      several(each.items, "moment"),
    ]),
  );
}

/** @param {any[]} course */
export function courseTable(course) {
  return table(
    "Every round's labels, people's time and return",
    ["Round", "Labels", "Time", "Return", "95 % interval"],
    course.map((round) => [
      String(round.round),
      round.labels.toLocaleString("en"),
      duration(round.human_seconds),
      round.return ? short(round.return.mean) : null,
      round.return ? `${short(round.return.ci95[0])} to ${short(round.return.ci95[1])}` : null,
    ]),
  );
}

/**
 * Two decimals, with a real minus sign.
 * @param {number} value
 */
export function fixed(value) {
  const text = value.toFixed(2);
  return text === "-0.00" ? "0.00" : text.replace("-", "−");
}

/**
 * Seconds in a person's words.
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
