/** What this person set in this browser. */

import { recall, remember } from "./memory.js";

const NAME = "novice.settings";

/**
 * @type {{shortcuts: boolean, hand: "right" | "left", practiced: boolean, arrow: boolean,
 *   keys: Record<string, string>, choices: Record<string, Record<number, string>>,
 *   news: Record<string, number>}}
 */
export const settings = {
  shortcuts: true,
  hand: "right",
  practiced: false,
  arrow: true,
  keys: {},
  choices: {},
  news: {},
  ...recall(NAME),
};

/** Keep them for the next visit. */
export function keepSettings() {
  remember(NAME, settings);
}
