/** What every hand holds: keys, buttons on the screen, sticks and a gamepad. */

const GENTLY = ["ShiftLeft", "ShiftRight"];

/** @typedef {(number | null)[]} Axes each from -1 to 1, null where nobody touches */

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
    /** @type {Map<string, Axes>} */
    this.touches = new Map();
    this.count = 0; // the numbers of an action that sticks can set
    this.locked = false;
    // Goes up when everything is let go: who touched before has to touch anew.
    this.grip = 0;
    this.telling = false;
  }

  /**
   * @param {string[]} keys the keys that act
   * @param {number} count the numbers that sticks can set
   */
  learn(keys, count) {
    this.acting = new Set([...keys, ...GENTLY]);
    this.count = count;
  }

  /** @param {string} key */
  acts(key) {
    return this.acting.has(key) && !GENTLY.includes(key);
  }

  get keys() {
    return [...new Set(this.held.map((each) => each.key))];
  }

  /** What the sticks say; where two touch the same number, the later one counts. */
  get axes() {
    /** @type {Axes} */
    const axes = Array(this.count).fill(null);
    for (const touch of this.touches.values()) {
      touch.forEach((value, place) => {
        if (value !== null && place < this.count) axes[place] = value;
      });
    }
    return axes;
  }

  get empty() {
    return !this.held.length && !this.touches.size;
  }

  /**
   * @param {string} source what presses: the keyboard, or one finger
   * @param {string} key
   */
  press(source, key) {
    if (this.locked || !this.acting.has(key)) return;
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

  /**
   * Set some numbers of the action, or with null let them go.
   * @param {string} source
   * @param {Axes | null} axes
   */
  touch(source, axes) {
    if (axes && this.locked) return;
    if (axes?.some((value) => value !== null)) {
      this.touches.delete(source);
      this.touches.set(source, axes);
    } else if (!this.touches.delete(source)) {
      return;
    }
    this.tellSoon();
  }

  /** Fingers move more often than pictures come: once a picture is enough. */
  tellSoon() {
    if (this.telling) return;
    this.telling = true;
    requestAnimationFrame(() => {
      if (!this.telling) return;
      this.telling = false;
      this.changed(this.keys, null);
    });
  }

  letGo() {
    this.grip += 1;
    this.telling = false;
    if (this.empty) return;
    this.held = [];
    this.touches.clear();
    this.changed([], null);
  }

  /** Let go, and take nothing until `unlock`. */
  lock() {
    if (!this.locked) this.letGo();
    this.locked = true;
  }

  unlock() {
    this.locked = false;
  }
}
