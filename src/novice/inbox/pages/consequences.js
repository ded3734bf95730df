/** What each action leads to: small pictures side by side, again and again. */

import { make } from "./elements.js";
import { decode, drawFrame, wantsCalm } from "./picture.js";

const REST = 700; // milliseconds on the last frame before the loop begins again

export class Consequences {
  #request = 0;
  /** @type {import("./picture.js").Strip | null} */ #strip = null;
  /** @type {CanvasRenderingContext2D[]} */ #contexts = [];
  #turn = 0;

  open = false;

  /**
   * @param {HTMLElement} root
   * @param {import("./api.js").Api} api
   * @param {(action: number[], collect: boolean) => void} choose
   */
  constructor(root, api, choose) {
    this.root = root;
    this.api = api;
    this.choose = choose;
  }

  /**
   * Whether they were seen: drawing takes a while, and there may be a reason for none.
   * @param {number} question
   * @param {{name: (action: number[]) => string, caps: (action: number[]) => string[]}} words
   */
  async show(question, words) {
    const turn = ++this.#turn;
    this.open = true;
    document.body.classList.add("looking-ahead");
    this.root.replaceChildren(make("p", { class: "branches-wait" }, "Drawing what each action leads to …"));
    this.root.hidden = false;
    try {
      const strip = await decode(await this.api.picture(question, "consequences"));
      if (turn !== this.#turn) {
        strip.bitmap.close();
        return false;
      }
      this.#strip = strip;
      this.#build(branchesOf(strip), words);
      return true;
    } catch (failure) {
      if (turn !== this.#turn) return false;
      const sentence = failure instanceof Error ? failure.message : String(failure);
      this.root.replaceChildren(make("p", { class: "branches-wait" }, `No consequences: ${sentence}`));
      return false;
    }
  }

  close() {
    if (!this.open) return;
    this.#turn++;
    this.open = false;
    document.body.classList.remove("looking-ahead");
    this.root.hidden = true;
    this.root.replaceChildren();
    cancelAnimationFrame(this.#request);
    this.#strip?.bitmap.close();
    this.#strip = null;
  }

  /** Once more from the start, where nothing moves by itself. */
  replay() {
    cancelAnimationFrame(this.#request);
    this.#play(false);
  }

  #build(branches, words) {
    const { width, height, frames } = /** @type {import("./picture.js").Strip} */ (this.#strip);
    this.#contexts = [];
    const cells = branches.map((branch) => {
      const name = branch.actions.length ? words.name(branch.actions) : "";
      const canvas = /** @type {HTMLCanvasElement} */ (
        make("canvas", { width: String(width), height: String(height), role: "img", "aria-label": `What follows: ${name}` })
      );
      this.#contexts.push(/** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false })));
      const alike = branch.alike.map((other) => words.name(branches[other]?.actions ?? []));
      const button = make(
        "button",
        { type: "button", class: "branch" },
        canvas,
        make("span", { class: "branch-words" },
          ...words.caps(branch.actions).map((cap) => make("kbd", { "aria-hidden": "true" }, cap)),
          make("span", { class: "name" }, name),
          branch.ended ? make("span", { class: "badge" }, "episode ends") : null),
        alike.length ? make("span", { class: "alike" }, `looks the same as ${alike.join(", ")}`) : null,
      );
      button.addEventListener("click", (event) => this.choose(branch.actions, event.shiftKey));
      return button;
    });
    const grid = make("div", { class: "branch-grid" }, ...cells);
    const { columns, wide } = bestGrid(branches, this.root, width / height);
    grid.style.setProperty("--columns", String(columns));
    grid.style.maxWidth = `${wide}px`;
    const note = "Each action is held for a moment, then today’s policy goes on. It shows what follows, not what is best.";
    this.root.replaceChildren(grid, make("p", { class: "branches-note" }, note));
    if (wantsCalm()) this.#draw(frames - 1);
    else this.#play(true);
  }

  /** @param {boolean} again */
  #play(again) {
    let started = performance.now();
    const step = () => {
      if (!this.#strip) return;
      const { frames, rate } = this.#strip;
      const elapsed = performance.now() - started;
      const length = (frames * 1000) / rate;
      this.#draw(Math.min(frames - 1, Math.floor((elapsed * rate) / 1000)));
      if (elapsed > length + REST) {
        if (!again) return;
        started = performance.now();
      }
      this.#request = requestAnimationFrame(step);
    };
    step();
  }

  /** @param {number} frame */
  #draw(frame) {
    const strip = this.#strip;
    if (strip) this.#contexts.forEach((context, column) => drawFrame(context, strip, frame, column));
  }
}

const WORDS = 60; // pixels under each picture
const ALIKE = 26; // and where a branch is like another
const AROUND = 28; // pixels of border and gap around it
const SMALLEST = 130; // pixels

/**
 * As many columns as make the pictures largest, and the width that fits them all.
 * @param {{alike: number[]}[]} branches
 * @param {HTMLElement} room
 * @param {number} aspect
 */
function bestGrid(branches, room, aspect) {
  const count = branches.length;
  const words = WORDS + (branches.some((branch) => branch.alike.length) ? ALIKE : 0);
  const fits = Array.from({ length: count }, (_, index) => {
    const columns = index + 1;
    const high = (room.clientHeight - 60) / Math.ceil(count / columns) - words;
    const across = (room.clientWidth - 20) / columns - AROUND;
    const picture = Math.max(Math.min(SMALLEST, across), Math.min(across, high * aspect));
    return { columns, picture, wide: columns * (picture + AROUND) };
  });
  return fits.reduce((best, fit) => (fit.picture >= best.picture ? fit : best));
}

/** @param {import("./picture.js").Strip} strip */
function branchesOf(strip) {
  const branches = JSON.parse(strip.headers.get("X-Branches") ?? "[]");
  return branches.map((branch) => ({
    actions: branch.actions ?? [],
    alike: branch.alike ?? [],
    ended: Boolean(branch.ended),
  }));
}

