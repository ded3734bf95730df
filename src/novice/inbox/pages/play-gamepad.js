/** A gamepad, where the browser gives it: sticks that act, buttons that command. */

const DEAD = 0.15; // of the stick's way: nothing yet
const FAR = 0.5; // of the stick's way: a direction is meant
const TRIGGER = 0.5;

/** The buttons of a standard gamepad that are commands here. */
const COMMANDS = { 0: "take", 1: "undo", 4: "slower", 5: "faster", 8: "restart", 9: "pause" };
const TRIGGERS = [6, 7];
const CROSS = { 12: "up", 13: "down", 14: "left", 15: "right" };
const FIRE = 2;

/**
 * A stick's position with nothing in the middle and everything at the rim.
 * @param {number} across
 * @param {number} along
 * @returns {[number, number]}
 */
export function beyondTheMiddle(across, along) {
  const far = Math.hypot(across, along);
  if (far < DEAD) return [0, 0];
  const strength = Math.min(1, (far - DEAD) / (1 - DEAD)) / far;
  const within = (/** @type {number} */ value) => Math.max(-1, Math.min(1, value));
  return [within(across * strength), within(along * strength)];
}

/** Why there is no gamepad, in words; empty where one is there. */
export function whyNone() {
  if (found()) return "";
  if (window.isSecureContext && typeof navigator.getGamepads === "function") {
    return "None yet: connect it, then press a button on it. Browsers show a gamepad only then.";
  }
  return (
    "Browsers hide gamepads on plain http from another machine. Open the page on the" +
    " machine itself, through “ssh -L” (the terminal prints the line), or over https."
  );
}

/** @returns {Gamepad | null} the first one that is there */
function found() {
  try {
    return [...navigator.getGamepads()].find((each) => each?.connected) ?? null;
  } catch {
    return null;
  }
}

export class Pad {
  /**
   * @param {{grip: () => number, press: (place: string) => void, lift: (place: string) => void,
   *   sticks: (sticks: [number, number][] | null) => void,
   *   command: (name: string, down: boolean) => void,
   *   changed: (name: string) => void}} heard
   */
  constructor(heard) {
    this.heard = heard;
    this.name = "";
    this.rested = false; // seen in the middle since everything was let go
    this.grip = -1; // how often everything had been let go then
    /** @type {Set<string>} */
    this.places = new Set();
    /** @type {Set<string>} */
    this.commands = new Set();
    this.look = this.look.bind(this);
    requestAnimationFrame(this.look);
  }

  /** Take nothing until the sticks were in the middle and no button is down. */
  rest() {
    this.rested = false;
    this.places.clear();
    this.commands.clear();
  }

  look() {
    requestAnimationFrame(this.look);
    const pad = found();
    const name = pad?.id ?? "";
    if (name !== this.name) {
      this.name = name;
      if (!pad) this.letGo();
      this.rest();
      this.heard.changed(name);
    }
    if (!pad || !document.hasFocus() || document.hidden) return;
    const sticks = this.sticksOf(pad);
    const down = (/** @type {number} */ place) =>
      (pad.buttons[place]?.value ?? 0) > TRIGGER || Boolean(pad.buttons[place]?.pressed);
    if (this.grip !== this.heard.grip()) {
      this.grip = this.heard.grip();
      this.rest();
    }
    if (!this.rested) {
      const still = sticks.every(([x, y]) => !x && !y);
      this.rested = still && !pad.buttons.some((_, place) => down(place));
      return;
    }
    this.command(down);
    if (this.grip !== this.heard.grip()) return; // A command let everything go.
    this.direct(sticks, down);
    this.heard.sticks(sticks.some(([x, y]) => x || y) ? sticks : null);
  }

  /**
   * @param {Gamepad} pad
   * @returns {[number, number][]} upwards is more
   */
  sticksOf({ axes }) {
    const pairs = axes.length >= 4 ? [0, 2] : [0];
    return pairs.map((first) => beyondTheMiddle(axes[first] ?? 0, -(axes[first + 1] ?? 0)));
  }

  /** @param {(place: number) => boolean} down */
  command(down) {
    const now = new Set(
      Object.entries(COMMANDS).filter(([place]) => down(Number(place))).map(([, name]) => name),
    );
    if (TRIGGERS.some(down)) now.add("take");
    const before = this.commands;
    this.commands = now;
    for (const name of now) if (!before.has(name)) this.heard.command(name, true);
    for (const name of before) if (!now.has(name)) this.heard.command(name, false);
  }

  /**
   * @param {[number, number][]} sticks
   * @param {(place: number) => boolean} down
   */
  direct([[x, y]], down) {
    const now = new Set(
      Object.entries(CROSS).filter(([place]) => down(Number(place))).map(([, name]) => name),
    );
    if (x < -FAR) now.add("left");
    if (x > FAR) now.add("right");
    if (y > FAR) now.add("up");
    if (y < -FAR) now.add("down");
    if (down(FIRE)) now.add("fire");
    const before = this.places;
    this.places = now;
    for (const place of before) if (!now.has(place)) this.heard.lift(place);
    for (const place of now) if (!before.has(place)) this.heard.press(place);
  }

  /** The gamepad is gone: nothing of it is held any more. */
  letGo() {
    for (const place of this.places) this.heard.lift(place);
    for (const name of this.commands) this.heard.command(name, false);
    this.heard.sticks(null);
  }
}
