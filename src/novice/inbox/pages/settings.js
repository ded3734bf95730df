/** What this person set in this browser; nothing of it goes to the server. */

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
  ...kept(),
};

function kept() {
  try {
    const value = JSON.parse(localStorage.getItem(NAME) ?? "{}");
    return value && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

/** Keep the settings for the next visit, where the browser lets us. */
export function keepSettings() {
  try {
    localStorage.setItem(NAME, JSON.stringify(settings));
  } catch {
    // They hold for this visit.
  }
}
