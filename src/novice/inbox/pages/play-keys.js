/** Which key does what on the play page, and what this person set in this browser. */

import { capOf } from "./keys.js";
import { recall, remember } from "./memory.js";

const NAME = "novice.play";

/**
 * The commands with their keys; `takeover` ones only where a policy drives too.
 * @type {Record<string, {code: string, name: string, takeover?: boolean}>}
 */
export const COMMANDS = {
  take: { code: "Space", name: "Take the controls, hand them back", takeover: true },
  go: { code: "Space", name: "Begin, go on" },
  pause: { code: "KeyP", name: "Pause, go on" },
  step: { code: "Period", name: "One step, while paused", takeover: true },
  undo: { code: "Backspace", name: "Take back my last seconds", takeover: true },
  discard: { code: "Backspace", name: "Discard this episode" },
  restart: { code: "KeyR", name: "Begin the same episode again" },
  keep: { code: "Enter", name: "Keep this episode, and on to the next" },
  slower: { code: "Minus", name: "Slower" },
  faster: { code: "Equal", name: "Faster" },
  stop: { code: "Escape", name: "Stop safely: let go of everything, pause" },
};

/** Commands that are one key on the page, so they are set together. */
const TOGETHER = { go: "take", discard: "undo" };

/**
 * @type {{drive: "toggle" | "hold" | null, hand: "right" | "left",
 *   keys: Record<string, string>, actions: Record<string, Record<string, string>>}}
 */
export const mine = { drive: null, hand: "right", keys: {}, actions: {}, ...recall(NAME) };

/** Keep what was set for the next visit, where the browser lets us. */
export function keepMine() {
  remember(NAME, mine);
}

/** The keys of one task: which act, which command. */
export class Keys {
  /**
   * @param {string} task
   * @param {{name: string, keys: string[]}[]} buttons
   * @param {boolean} takeover
   */
  constructor(task, buttons, takeover) {
    this.task = task;
    this.buttons = buttons;
    this.takeover = takeover;
    this.learn();
  }

  /** Read what the person set. */
  learn() {
    const own = mine.actions[this.task] ?? {};
    /** @type {Map<string, string>} the key that is pressed to the key that is meant */
    this.acting = new Map();
    const taken = new Set(Object.values(own));
    for (const { keys } of this.buttons) {
      for (const key of keys) if (!taken.has(key)) this.acting.set(key, key);
      const [first] = keys;
      if (own[first]) this.acting.set(own[first], first);
    }
  }

  /**
   * The key that a button's own name stands for, as the person set it.
   * @param {{keys: string[]}} button
   */
  codeOfButton({ keys }) {
    return mine.actions[this.task]?.[keys[0]] ?? keys[0];
  }

  /** @param {string} name of a command */
  codeOf(name) {
    const main = this.takeover ? (TOGETHER[name] ?? name) : name;
    return mine.keys[main] ?? COMMANDS[main].code;
  }

  /** @param {string} name of a command */
  cap(name) {
    return capOf(this.codeOf(name)).replace(/^-$/, "−");
  }

  /** The commands that have a key of their own here. */
  get commands() {
    return Object.keys(COMMANDS).filter((name) =>
      this.takeover ? !(name in TOGETHER) : !COMMANDS[name].takeover,
    );
  }

  /** @param {string} code */
  commandOf(code) {
    return this.commands.find((name) => this.codeOf(name) === code) ?? null;
  }

  /**
   * Give a command or a button another key; says why not where it cannot be.
   * @param {{command?: string, button?: {name: string, keys: string[]}}} what
   * @param {string} code
   * @returns {string | null}
   */
  set({ command, button }, code) {
    const other = this.commandOf(code);
    if (other && other !== command) return `${capOf(code)} is already “${COMMANDS[other].name}”.`;
    const meant = this.acting.get(code);
    if (meant && meant !== button?.keys[0] && !button?.keys.includes(code)) {
      const named = this.buttons.find(({ keys }) => keys.includes(meant));
      return `${capOf(code)} is already “${named?.name}”.`;
    }
    if (command) mine.keys[command] = code;
    if (button) (mine.actions[this.task] ??= {})[button.keys[0]] = code;
    this.learn();
    keepMine();
    return null;
  }

  /** All keys as they were. */
  forget() {
    mine.keys = {};
    delete mine.actions[this.task];
    this.learn();
    keepMine();
  }
}
