/** The marks of a run of frames, and what lies between them. */

export class Marks {
  /** The marked frames' actions. @type {Map<number, number[]>} */ #actions = new Map();

  /**
   * @param {number} frames how many there are; the last one is the moment
   * @param {number} every how many steps of the task lie between two of them
   * @param {number} step how many steps into the episode the moment lies
   */
  constructor(frames, every, step) {
    this.frames = frames;
    this.every = every;
    // Before the episode began there is nothing to answer.
    this.first = Math.max(0, frames - 1 - Math.floor(step / every));
    this.straight = false;
  }

  /** The marked frames, oldest first. */
  get places() {
    return [...this.#actions.keys()].sort((one, other) => one - other);
  }

  /** @param {number} frame @param {number[]} action */
  set(frame, action) {
    this.#actions.set(frame, [...action]);
  }

  /** @param {number} frame */
  remove(frame) {
    return this.#actions.delete(frame);
  }

  /** @param {number} frame */
  has(frame) {
    return this.#actions.has(frame);
  }

  /** How many steps before the moment a frame lies. @param {number} frame */
  stepsBefore(frame) {
    return (this.frames - 1 - frame) * this.every;
  }

  /** What is said about a frame, or null outside of the marks. @param {number} frame */
  at(frame) {
    const places = this.places;
    const before = places.findLast((place) => place <= frame);
    const after = places.find((place) => place >= frame);
    if (before === undefined || after === undefined) return null;
    const from = /** @type {number[]} */ (this.#actions.get(before));
    const to = /** @type {number[]} */ (this.#actions.get(after));
    if (before === after || !this.straight) return from;
    const share = (frame - before) / (after - before);
    return from.map((value, index) => value + share * (to[index] - value));
  }

  /** The action of the nearest mark. @param {number} frame */
  near(frame) {
    const nearest = this.places.sort((one, other) => Math.abs(one - frame) - Math.abs(other - frame))[0];
    return nearest === undefined ? null : /** @type {number[]} */ (this.#actions.get(nearest));
  }

  /** The frame in the middle of the widest gap, the newest of equal ones; null where there is none. */
  get middleOfWidestGap() {
    const places = this.places;
    const gaps = places.slice(1).map((to, index) => ({ from: places[index], wide: to - places[index] }));
    const widest = gaps.reduce((best, gap) => (gap.wide >= best.wide ? gap : best), { from: 0, wide: 1 });
    return widest.wide < 2 ? null : widest.from + Math.floor(widest.wide / 2);
  }

  /** How many steps of the task are filled in between. */
  get filled() {
    const places = this.places;
    if (places.length < 2) return 0;
    return this.stepsBefore(places[0]) - this.stepsBefore(places[places.length - 1]) + 1 - places.length;
  }

  /** The answer: each mark's action, and how long before the moment it lies. */
  get answer() {
    const places = this.places;
    return {
      verdict: this.straight ? "linear" : "hold",
      actions: places.map((place) => /** @type {number[]} */ (this.#actions.get(place))),
      steps: places.map((place) => this.stepsBefore(place)),
    };
  }

  /** Take up an earlier answer; marks that lie on no frame of this clip are left out. */
  restore({ verdict, actions, steps }) {
    this.straight = verdict === "linear";
    steps.forEach((before, index) => {
      const frame = this.frames - 1 - before / this.every;
      if (Number.isInteger(frame) && frame >= this.first) this.set(frame, actions[index]);
    });
  }
}
