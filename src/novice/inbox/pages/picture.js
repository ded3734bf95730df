/** Strips of frames: fetched, decoded ahead of time, and played on a canvas. */

const LONGEST_CLIP = 600; // milliseconds
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether the person asked for less motion. */
export const wantsCalm = () => calm.matches;

/**
 * Frames stacked from the oldest to the newest, and branches beside each other; `every`
 * is how many steps of the task lie between two frames, 0 where nobody knows.
 * @typedef {{bitmap: ImageBitmap, frames: number, width: number, height: number,
 *   rate: number, every: number, headers: Headers}} Strip
 */

/**
 * @param {{headers: Headers, image: Blob}} reply
 * @returns {Promise<Strip>}
 */
export async function decode({ headers, image }) {
  const number = (/** @type {string} */ name) => Number(headers.get(name));
  return {
    bitmap: await createImageBitmap(image),
    frames: number("X-Frames") || 1,
    width: number("X-Width"),
    height: number("X-Height"),
    rate: number("X-Frames-Per-Second") || 20,
    every: number("X-Every") || 0,
    headers,
  };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Strip} strip
 * @param {number} frame
 * @param {number} column
 */
export function drawFrame(context, strip, frame, column = 0) {
  const { bitmap, width, height } = strip;
  const left = column * width;
  const top = frame * height;
  context.drawImage(bitmap, left, top, width, height, 0, 0, width, height);
}

/** The canvas on which a clip plays once and rests on the moment. */
export class Player {
  /** @type {Strip | null} */ #strip = null;
  #request = 0;
  #started = 0;
  #gap = 0; // milliseconds from frame to frame
  #shown = -1;
  #context;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(frame: number) => void} whenDrawn
   */
  constructor(canvas, whenDrawn) {
    this.canvas = canvas;
    this.whenDrawn = whenDrawn;
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser has no canvas");
    this.#context = context;
    new ResizeObserver(() => this.fit()).observe(/** @type {Element} */ (canvas.parentElement));
  }

  /** @param {Strip} strip */
  show(strip) {
    const { canvas } = this;
    this.#strip = strip;
    if (canvas.width !== strip.width || canvas.height !== strip.height) {
      canvas.width = strip.width;
      canvas.height = strip.height;
      this.fit();
    }
    if (wantsCalm() || strip.frames < 2) {
      cancelAnimationFrame(this.#request);
      this.#draw(strip.frames - 1);
    } else {
      this.play();
    }
  }

  /**
   * From the oldest frame to the moment, in at most 0.6 s or with this gap.
   * @param {number | null} gap milliseconds from frame to frame
   */
  play(gap = null) {
    if (!this.#strip) return;
    cancelAnimationFrame(this.#request);
    const { rate, frames } = this.#strip;
    this.#gap = gap ?? Math.min(1000 / rate, LONGEST_CLIP / (frames - 1));
    this.#started = performance.now();
    this.#draw(0);
    this.#request = requestAnimationFrame(this.#next);
  }

  /** @param {number} frame */
  rest(frame) {
    cancelAnimationFrame(this.#request);
    if (this.#strip) this.#draw(Math.max(0, Math.min(frame, this.#strip.frames - 1)));
  }

  stop() {
    cancelAnimationFrame(this.#request);
    this.#strip = null;
  }

  /** Small pictures grow by whole numbers, so that every pixel stays a square. */
  fit() {
    const { canvas } = this;
    const room = /** @type {HTMLElement} */ (canvas.parentElement);
    const wide = room.clientWidth - 16;
    const high = room.clientHeight - 16;
    if (!this.#strip || wide <= 0 || high <= 0) return;
    const { width, height } = this.#strip;
    const grown = Math.min(wide / width, high / height);
    const small = width * height <= 100_000;
    const dots = devicePixelRatio || 1;
    const whole = Math.max(1, Math.floor(grown * dots)) / dots;
    const scale = small && grown >= 1 ? whole : Math.min(grown, 2);
    canvas.classList.toggle("pixels", small && grown >= 1);
    canvas.style.width = `${Math.floor(width * scale)}px`;
    canvas.style.height = `${Math.floor(height * scale)}px`;
  }

  #next = () => {
    if (!this.#strip) return;
    const { frames } = this.#strip;
    const frame = Math.floor((performance.now() - this.#started) / this.#gap);
    if (frame !== this.#shown) this.#draw(Math.min(frame, frames - 1));
    if (frame < frames - 1) this.#request = requestAnimationFrame(this.#next);
  };

  /** @param {number} frame */
  #draw(frame) {
    this.#shown = frame;
    drawFrame(this.#context, /** @type {Strip} */ (this.#strip), frame);
    this.whenDrawn(frame);
  }
}
