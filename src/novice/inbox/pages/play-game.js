/** What the page knows of the stage, who may do what there, and what is wished. */

import { hasDriven, undoable } from "./play-card.js";
import { Hands } from "./play-hands.js";
import { mine } from "./play-keys.js";
import { Link } from "./play-link.js";

/**
 * @typedef {import("./play-link.js").Status} Status
 * @typedef {import("./play-link.js").Hello} Hello
 */

const ASK_AGAIN = 500; // milliseconds until what must happen is asked for again
/** Whatever is locked, one can always stop. */
const ALWAYS = ["pause", "stop"];

export class Game {
  /**
   * @param {{greet: () => void, show: () => void, hint: (words: string) => void,
   *   remind: () => void, held: (keys: string[]) => void,
   *   news: (before: Status | null) => void,
   *   picture: (image: ImageBitmap) => void}} page
   */
  constructor(page) {
    this.page = page;
    /** @type {Hello | null} */
    this.hello = null;
    /** @type {Status | null} */
    this.status = null;
    /** @type {import("./play-keys.js").Keys | null} */
    this.keys = null;
    this.role = "play";
    this.linked = false;
    this.away = false; // out of sight or cut off, and the stage has not said so yet
    this.late = false; // the picture was late, and the stage has not let go yet
    this.asked = 0; // when the stage was last asked for what must happen
    /** @type {Set<string>} what holds the key of the controls down */
    this.holding = new Set();
    this.hands = new Hands((held, pressed) => this.act(held, pressed));
    this.link = new Link({
      hello: (hello) => this.greet(hello),
      status: (status) => this.take(status),
      role: (role) => {
        this.role = role;
        this.show();
      },
      picture: page.picture,
      lost: () => {
        this.linked = false;
        // Whoever comes back takes nothing up before the stage has said how it stands.
        this.away ||= this.playing;
        this.show();
      },
      stale: (stale) => this.doubt(stale),
      pulse: () => this.pulse(),
    });
  }

  // ------------------------------------------------------------------ what is known

  get takeover() {
    return Boolean(this.hello?.takeover);
  }

  /** Whether the controls are the person's only as long as a key is held. */
  get hold() {
    return this.takeover && (mine.drive ?? this.hello?.drive) === "hold";
  }

  get playing() {
    return this.status?.state === "playing";
  }

  /** Whether the person acts, now. */
  get driving() {
    return this.playing && (!this.takeover || this.status?.driver === "person");
  }

  get locked() {
    return !this.linked || this.away || this.stale;
  }

  /** Whether what is seen is too old to act on. */
  get stale() {
    const said = this.playing && this.status?.locked === "stale";
    return this.playing && (this.late || this.link.stale || said);
  }

  /** The state as the page shows it, which knows more than the stage: is it in sight? */
  get state() {
    const { status } = this;
    if (status?.state === "done") return "done";
    if (!this.linked) return status ? "lost" : "connecting";
    if (!status) return "connecting";
    if (this.role === "watch") return "watching";
    if (this.stale) return "stale";
    if (this.playing && this.takeover) return this.driving ? "drive" : "watch";
    return status.state;
  }

  // ---------------------------------------------------------------- what is heard

  /** @param {Hello} hello */
  greet(hello) {
    this.linked = true;
    this.hello = hello;
    this.hands.letGo();
    this.page.greet();
    this.show();
  }

  /** @param {Status} status */
  take(status) {
    const before = this.status;
    this.linked = true;
    // Who plays alone takes nothing back: Backspace discards the episode.
    this.status = this.takeover ? status : { ...status, undoable: 0, person_steps: 0 };
    const alone = this.takeover && status.driver === "policy";
    if (!this.playing || alone) this.late = false;
    if (!this.playing || (alone && !document.hidden)) this.away = false;
    this.page.news(before);
    this.setPatience();
    this.show();
    this.insist();
  }

  /** How old a picture may be: as the stage says, but never less than two frames. */
  setPatience() {
    const { hello, status } = this;
    if (!hello?.takeover || hello.turns || !hello.stale_after) return;
    const frame = 1 / (hello.frames_per_second * (status?.speed || 1));
    this.link.freshFor = 1000 * Math.max(hello.stale_after, 2 * frame);
  }

  /** Pictures stopped coming, or come again. @param {boolean} stale */
  doubt(stale) {
    if (stale && this.driving) {
      this.late = true;
      this.show(); // Let go before saying why.
      this.wish("pause", "stale");
    }
    this.show();
  }

  /** Ask again for what must happen, until the stage does it. */
  insist() {
    const now = performance.now();
    if (this.role !== "play" || !this.linked || now - this.asked < ASK_AGAIN) return;
    const mine = this.status?.driver === "person" && this.status.state !== "over";
    if (this.hold && mine && !this.holding.size) this.wish("hand_back");
    else if (this.late && this.driving) this.wish("pause", "stale");
    else if (this.away && this.driving) this.wish("pause", "hidden");
    else return;
    this.asked = now;
  }

  show() {
    if (this.locked) {
      this.hands.lock();
      this.holding.clear();
    } else this.hands.unlock();
    this.page.show();
  }

  // ---------------------------------------------------------------- what is said

  /** What is held now, as the stage hears it. */
  holds() {
    const { hands } = this;
    const axes = hands.count ? { axes: hands.axes } : {};
    return { kind: "held", keys: hands.keys, seen: this.link.seen, ...axes };
  }

  /**
   * What is held changed.
   * @param {string[]} held
   * @param {string | null} pressed
   */
  act(held, pressed) {
    const { hands, status } = this;
    this.page.held(held);
    if (this.role !== "play" || !status || (hands.locked && pressed)) return;
    if (pressed && this.hello?.turns && (this.driving || !this.takeover)) {
      this.link.send({ ...this.holds(), kind: "pressed", key: pressed });
      return;
    }
    this.link.send(this.holds());
    if (this.takeover) {
      if (pressed && this.playing && !this.driving) this.page.remind();
    } else if (["ready", "paused"].includes(status.state)) {
      if (pressed || hands.touches.size) this.wish("go");
    }
  }

  /** What is held once more: the stage drops what was said at an old picture's sight. */
  pulse() {
    const acting = this.driving && this.role === "play" && !this.locked;
    return acting && !this.hello?.turns ? this.holds() : null;
  }

  /**
   * @param {string} what
   * @param {string} [why]
   */
  wish(what, why) {
    // What is held all along counts again when it goes on, or changes hands.
    const again = ["go", "take_over", "step"].includes(what) && !this.locked;
    if (again) this.link.send(this.holds());
    this.link.send({ kind: "wish", wish: what, ...(why ? { why } : {}) });
  }

  // --------------------------------------------------------------- what is commanded

  /** Let the controls change hands. */
  change() {
    if (!this.locked) this.wish(this.status?.driver === "person" ? "hand_back" : "take_over");
  }

  /**
   * The key, the button or the trigger of the controls went down or up.
   * @param {string} source
   * @param {boolean} down
   */
  grab(source, down) {
    const state = this.status?.state ?? "";
    if (!down) {
      if (this.holding.delete(source) && !this.holding.size) this.wish("hand_back");
    } else if (this.locked || this.role !== "play") {
      return;
    } else if (!this.takeover || state === "ready") {
      this.wish("go");
    } else if (["playing", "paused"].includes(state)) {
      if (this.hold) this.keep(source);
      else this.change();
    }
  }

  /** Have the controls for as long as something holds them. @param {string} source */
  keep(source) {
    this.holding.add(source);
    this.wish("take_over");
    if (this.status?.state === "paused") this.wish("go");
  }

  /** @param {string} name */
  command(name) {
    if (this.role !== "play" || (this.locked && !ALWAYS.includes(name))) return;
    if (name === "pause") this.wish(this.playing ? "pause" : "go");
    else if (name === "undo" || name === "discard") this.undo();
    else if (name === "stop") {
      this.letGo();
      this.wish("pause");
    } else if (name !== "step" || this.status?.state === "paused") this.wish(name);
  }

  /** Take back what the person drove last; where nobody drove, discard the episode. */
  undo() {
    if (!this.status) return;
    if (this.takeover && undoable(this.status)) this.wish("undo");
    else if (!this.takeover || !hasDriven(this.status)) this.wish("discard");
    else this.page.hint("Nothing of yours is left to take back here.");
  }

  /** Let go of everything, the key of the controls too. */
  letGo() {
    this.hands.letGo();
    if (!this.holding.size) return;
    this.holding.clear();
    this.wish("hand_back");
  }

  /**
   * Out of sight or without the keyboard, nobody plays; a policy may be watched.
   * @param {boolean} busy something else on the page has the keyboard
   */
  rest(busy) {
    const watched = this.takeover && !this.driving && !document.hidden && !busy;
    if (!this.playing || this.role !== "play" || watched) {
      this.letGo();
      return;
    }
    this.away = true;
    this.letGo();
    this.wish("pause", "hidden");
    this.show();
  }
}
