/** What an answer is called. */

import { desk } from "./label-desk.js";
import { several } from "./elements.js";

const RUNS = { hold: "held", linear: "in straight lines" };

/** @param {{verdict: string, actions: (number | null)[][]}} entry */
export function nameOf({ verdict, actions }) {
  const names = actions.map((action) => desk.pad.name(action)).join(" or ");
  if (verdict === "action") return names;
  if (verdict === "wrong") return `not ${names}`;
  if (verdict in RUNS) return `a run of frames, ${several(actions.length, "mark")} ${RUNS[verdict]}`;
  return { unsure: "can’t tell", any: "any is fine", skip: "skip", report: "report" }[verdict] ?? verdict;
}

/** @param {{verdict: string, actions: (number | null)[][]}} entry */
export function signOf(entry) {
  const signs = entry.actions.map((action) => desk.pad.sign(action)).join(" ");
  if (entry.verdict === "action") return signs;
  if (entry.verdict in RUNS) return `${entry.actions.length} marks`;
  return entry.verdict === "wrong" ? `✗ ${signs}` : nameOf(entry);
}
