/** What this browser keeps; nothing of it goes to the server. */

/** @param {string} name @returns {any} */
export function recall(name) {
  try {
    const value = JSON.parse(localStorage.getItem(name) ?? "{}");
    return value && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

/** Where the browser lets us. @param {string} name @param {object} value */
export function remember(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // It holds now.
  }
}
