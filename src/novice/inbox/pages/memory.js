/** Keep small things in this browser; nothing of it goes to the server. */

/**
 * What was kept under a name; nothing where the browser forgets, or forbids.
 * @param {string} name
 * @returns {any}
 */
export function recall(name) {
  try {
    const value = JSON.parse(localStorage.getItem(name) ?? "{}");
    return value && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

/**
 * Keep something for the next visit, where the browser lets us.
 * @param {string} name
 * @param {object} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // It holds for this visit.
  }
}
