/** Everything on the page that only shows something. */

import { byId, make, say, several } from "./elements.js";
import { fixed } from "./numbers.js";

const MOST_BARS = 32;

/** One named bar for each number that the agent observes. */
export class Bars {
  #rows;

  /** @param {HTMLElement} root @param {{name: string, unit: string | null, low: number | null, high: number | null}[]} words */
  constructor(root, words) {
    this.root = root;
    this.#rows = words.slice(0, MOST_BARS).map((word) => {
      const fill = make("div", { class: "fill" });
      const zero = make("div", { class: "zero" });
      const value = make("span", { class: "value" });
      const row = make("div", { class: "bar" },
        make("span", { class: "bar-name", title: word.name }, word.name),
        make("div", { class: "track", "aria-hidden": "true" }, fill, zero),
        make("span", { class: "bar-value" }, value, make("span", { class: "unit" }, word.unit ? ` ${word.unit}` : "")));
      const bounded = isBound(word.low) && isBound(word.high) && word.low < word.high;
      const bar = { row, fill, zero, value, low: bounded ? word.low : -1, high: bounded ? word.high : 1, bounded };
      placeZero(bar);
      return bar;
    });
    root.replaceChildren(...this.#rows.map((bar) => bar.row));
    const more = words.length - MOST_BARS;
    if (more > 0) root.append(make("p", { class: "quiet more" }, `and ${several(more, "more number")}`));
  }

  /** @param {(number | null)[]} observation */
  show(observation) {
    this.#rows.forEach((bar, index) => {
      const value = observation[index];
      if (value === null || value === undefined) {
        say(bar.value, "not a number");
        bar.fill.style.transform = "scaleX(0)";
        return;
      }
      say(bar.value, fixed(value));
      if (!bar.bounded && Math.abs(value) > bar.high) {
        bar.high = 1.25 * Math.abs(value);
        bar.low = -bar.high;
      }
      const share = (/** @type {number} */ at) =>
        Math.max(0, Math.min(1, (at - bar.low) / (bar.high - bar.low)));
      const from = share(Math.min(Math.max(0, bar.low), bar.high));
      const to = share(value);
      bar.fill.style.transform =
        `translateX(${100 * Math.min(from, to)}%) scaleX(${Math.max(Math.abs(to - from), 0.006)})`;
    });
  }
}

/** @param {number | null} bound */
function isBound(bound) {
  return bound !== null && Math.abs(bound) < 1e6;
}

function placeZero(bar) {
  const inside = bar.low < 0 && bar.high > 0;
  bar.zero.hidden = !inside;
  bar.zero.style.left = `${(100 * -bar.low) / (bar.high - bar.low)}%`;
}

/** The frames of the clip, and how far into its episode the moment lies. */
export class Timeline {
  /** @type {HTMLElement[]} */ #ticks = [];
  #lit = -1;

  /** @param {number | null} stepSeconds @param {(frame: number) => void} scrub */
  constructor(stepSeconds, scrub) {
    this.stepSeconds = stepSeconds;
    this.root = byId("timeline");
    this.row = byId("ticks");
    const to = (/** @type {PointerEvent} */ event) => {
      const box = this.row.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      if (share >= 0 && share <= 1) scrub(Math.min(this.#ticks.length - 1, Math.floor(share * this.#ticks.length)));
    };
    this.row.addEventListener("pointerdown", (event) => {
      this.row.setPointerCapture(event.pointerId);
      to(event);
    });
    this.row.addEventListener("pointermove", (event) => event.buttons && to(event));
  }

  /**
   * @param {{step: number}} question
   * @param {import("./picture.js").Strip | null} strip
   */
  show(question, strip) {
    const count = strip?.frames ?? 0;
    if (count !== this.#ticks.length) {
      this.#ticks = Array.from({ length: count }, () => make("span"));
      this.row.replaceChildren(...this.#ticks);
      this.#lit = -1;
    }
    this.root.classList.toggle("still", count < 2);
    const seconds = this.stepSeconds ? ` · ${(question.step * this.stepSeconds).toFixed(1)} s` : "";
    byId("episode").replaceChildren(`step ${question.step}`, make("span", { class: "roomy" }, `${seconds} into the episode`));
    if (strip && count > 1) {
      say(byId("clip-start"), `−${((count - 1) / strip.rate).toFixed(1)} s`);
      this.light(count - 1);
    }
  }

  /** @param {number} frame */
  light(frame) {
    if (frame === this.#lit) return;
    this.#ticks[this.#lit]?.classList.remove("lit");
    this.#ticks[frame]?.classList.add("lit");
    this.#lit = frame;
  }
}

const PHASES = {
  starting: "starting", acting: "acting", asking: "drawing", fitting: "learning",
  evaluating: "measuring", waiting: "waiting", finished: "finished",
};

/** The line at the top: where the run is, and how far. */
export class Header {
  /** @param {{task: string, who: string, simulated: boolean}} hello */
  constructor(hello) {
    this.who = hello.simulated ? "" : ` · ${hello.who}`;
    say(byId("task"), hello.task);
    byId("task").title = hello.task;
    byId("simulated").hidden = !hello.simulated;
    document.title = `${hello.task} · novice`;
  }

  /** @param {object} progress */
  show(progress) {
    const phase = progress.training ? PHASES[progress.phase] : progress.phase === "finished" ? "finished" : "resting";
    say(byId("round"), `round ${progress.round}`);
    say(byId("phase"), ` · ${phase ?? progress.phase}${this.who}`);
    const { labels = null, minutes = null } = progress.budget ?? {};
    const spent = progress.human_seconds / 60;
    const share = labels ? progress.answered / labels : minutes ? spent / minutes : null;
    const count = labels
      ? `${thousands(progress.answered)} of ${thousands(labels)}`
      : minutes
        ? `${spent.toFixed(1)} of ${several(minutes, "minute")}`
        : several(progress.answered, "answer");
    say(byId("count"), count);
    byId("meter").hidden = share === null;
    const whole = Math.max(0, Math.min(1, share ?? 0));
    byId("meter").setAttribute("aria-valuenow", String(Math.round(100 * whole)));
    byId("meter-fill").style.transform = `scaleX(${whole})`;
    const rate = progress.per_minute >= 1 ? `${Math.round(progress.per_minute)}/min` : "";
    const left = progress.minutes_left === null || whole >= 1 ? "" : timeLeft(progress.minutes_left);
    say(byId("rate"), [rate, left].filter(Boolean).join(" · "));
  }
}

/** @param {number} value */
const thousands = (value) => value.toLocaleString("en");

/** @param {number} minutes */
function timeLeft(minutes) {
  if (minutes < 1) return "less than 1 min left";
  if (minutes < 90) return `about ${Math.round(minutes)} min left`;
  return `about ${Math.round(minutes / 60)} h left`;
}

const LAST = 8;

/** The answers just given, newest first; each can be changed. */
export class LastAnswers {
  #buttons;

  /** @param {(back: number) => void} change */
  constructor(change) {
    this.#buttons = Array.from({ length: LAST }, (_, back) => {
      const button = make("button", { type: "button", class: "button plain last" });
      button.addEventListener("click", () => change(back));
      const item = make("li", { hidden: true }, button);
      byId("last").append(item);
      return { item, button };
    });
  }

  /**
   * @param {{sign: string, name: string}[]} newest newest first
   * @param {number | null} open the one on the screen
   */
  show(newest, open) {
    this.#buttons.forEach(({ item, button }, back) => {
      const answer = newest[back];
      item.hidden = !answer;
      if (!answer) return;
      say(button, answer.sign);
      button.setAttribute("aria-label", `Change “${answer.name}”, ${back + 1} back`);
      if (back === open) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
  }
}

/** Quiet messages that wait until they are dismissed. */
export class Notices {
  /** @type {Map<string, HTMLElement>} */ #shown = new Map();

  /**
   * Show, replace or (with no sentence) remove the message of this name.
   * @param {string} name
   * @param {string | null} sentence
   * @param {"news" | "warning"} kind
   */
  set(name, sentence, kind = "news") {
    const old = this.#shown.get(name);
    if (old && sentence === old.dataset.sentence) return;
    old?.remove();
    this.#shown.delete(name);
    if (sentence === null) return;
    const notice = make("div", { class: "banner", "data-kind": kind, "data-sentence": sentence, role: kind === "news" ? "status" : "alert" },
      make("p", {}, sentence),
      make("button", { type: "button", class: "button plain close", "aria-label": "Dismiss", click: () => this.set(name, null) }, "×"));
    this.#shown.set(name, notice);
    byId("notices").append(notice);
  }
}

/**
 * The card in the middle of the panel, or nothing.
 * @param {{name: string, title: string, words: (string | Node)[], busy?: boolean} | null} card
 */
export function showCard(card) {
  const root = byId("card");
  root.hidden = card === null;
  document.body.classList.toggle("has-card", card !== null);
  root.dataset.name = card?.name ?? "";
  if (!card) return root.replaceChildren();
  root.replaceChildren(
    make("div", { class: "card-body" },
      card.busy ? make("div", { class: "busy", "aria-hidden": "true" }, make("i"), make("i"), make("i")) : null,
      make("h2", {}, card.title),
      ...card.words.map((words) => (typeof words === "string" ? make("p", {}, words) : words))),
  );
}
