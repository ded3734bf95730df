/** The keys and buttons that are held, by whatever hand, in the order of pressing. */

const GENTLY = ["ShiftLeft", "ShiftRight"];

export class Hands {
  /**
   * @param {(keys: string[], pressed: string | null) => void} changed is told what is
   *   held now, and which key went down, if one did.
   */
  constructor(changed) {
    this.changed = changed;
    /** @type {{source: string, key: string}[]} */
    this.held = [];
    /** @type {Set<string>} */
    this.acting = new Set();
  }

  /** @param {string[]} keys the keys that act */
  learn(keys) {
    this.acting = new Set([...keys, ...GENTLY]);
  }

  /** @param {string} key */
  acts(key) {
    return this.acting.has(key) && !GENTLY.includes(key);
  }

  get keys() {
    return [...new Set(this.held.map((each) => each.key))];
  }

  /**
   * @param {string} source what presses: the keyboard, or one finger
   * @param {string} key
   */
  press(source, key) {
    if (!this.acting.has(key)) return;
    this.held = this.held.filter((each) => each.source !== source || each.key !== key);
    this.held.push({ source, key });
    this.changed(this.keys, this.acts(key) ? key : null);
  }

  /**
   * @param {string} source
   * @param {string} key
   */
  lift(source, key) {
    const rest = this.held.filter((each) => each.source !== source || each.key !== key);
    if (rest.length === this.held.length) return;
    this.held = rest;
    this.changed(this.keys, null);
  }

  letGo() {
    if (!this.held.length) return;
    this.held = [];
    this.changed([], null);
  }
}
