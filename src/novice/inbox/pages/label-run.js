/** A run of frames, answered at once: some are marked, the steps between are filled. */

import { answer } from "./label-answer.js";
import { commandButton, paintCaps } from "./label-build.js";
import { desk, history, stage } from "./label-desk.js";
import { Filmstrip } from "./label-filmstrip.js";
import { Marks } from "./label-marks.js";
import { copyPrevious } from "./label-numbers.js";
import { paintArrow, paintComposed, tell } from "./label-paint.js";
import { byId, make, say, several } from "./elements.js";
import { places } from "./keys.js";
import { wantsCalm } from "./picture.js";

const SLOWEST = 140; // milliseconds a frame, so that the fillings can be seen
const ENTERED = ["several", "switches"]; // Their pads show an answer, not a choice.
const QUESTION = "What should the agent do now?";

export class RunMode {
  /** @param {any} item the question */
  constructor(item) {
    const { question, strip } = item;
    this.item = item;
    this.real = desk.pad.kind === "real";
    this.marks = new Marks(strip.frames, strip.every, question.step);
    this.marks.straight = this.real;
    this.frame = strip.frames - 1;
    this.stepSeconds = desk.hello.words.step_seconds ?? null;
    this.tools = this.#buildTools();
    this.film = new Filmstrip(strip, this.marks, (frame) => this.go(frame));
    byId("timeline").after(this.film.element);
    byId("verdicts").after(this.tools);
    document.body.classList.add("in-run");
    places.add("run");
    const before = desk.place === null ? null : history.entries[desk.place];
    if (before?.steps?.length) this.marks.restore(/** @type {any} */ (before));
    paintCaps();
    this.go(this.frame);
  }

  #buildTools() {
    return make("div", { id: "run-tools", role: "group", "aria-label": "Run of frames" },
      commandButton("earlier", "Earlier", "small"),
      commandButton("later", "Later", "small"),
      commandButton("mark", "Mark", "small"),
      commandButton("unmark", "Unmark", "small"),
      commandButton("gap", "Widest gap", "small"),
      this.real ? commandButton("line", "Straight lines", "small") : null,
      commandButton("replay", "Preview", "small"),
      commandButton("cancel", "Leave", "small"));
  }

  leave() {
    desk.run = null;
    places.delete("run");
    document.body.classList.remove("in-run");
    this.film.element.remove();
    this.tools.remove();
    say(byId("ask"), QUESTION);
    byId("commit").removeAttribute("aria-disabled");
    if (desk.shown !== this.item) return;
    desk.player.rest(this.item.strip.frames - 1);
    desk.pad.show([], []);
    paintComposed();
  }

  /**
   * Act on what was meant.
   * @param {any} meant
   * @param {import("./label-desk.js").Input} [input]
   */
  take(meant, input) {
    if ("tell" in meant) tell(meant.tell);
    else if ("changed" in meant) this.#changed();
    else if ("collect" in meant) tell("In a run of frames, each mark is one action.");
    else if ("commit" in meant) this.mark(meant.commit);
    else if (meant.command in this.commands) this.commands[meant.command](input);
    else tell("That is for one moment alone. Esc leaves the run of frames.");
  }

  /** @type {Record<string, (input: any) => void>} */
  commands = {
    earlier: () => this.go(this.frame - 1),
    later: () => this.go(this.frame + 1),
    mark: () => this.#markAsItIs(),
    unmark: () => this.#unmark(),
    gap: () => this.#toGap(),
    line: () => this.#turn(),
    replay: () => this.#preview(),
    zero: () => this.#change(() => desk.pad.zero()),
    previous: () => this.#change(() => copyPrevious()),
    partBefore: () => desk.pad.go(-1),
    partAfter: () => desk.pad.go(1),
    unknown: () => tell("In a run of frames, every number is known."),
    policy: () => tell("What the policy did is known for the moment alone. Esc leaves the run of frames."),
    cancel: () => {
      stage.focus({ preventScroll: true });
      this.leave();
    },
    commit: (input) => this.#commit(input),
  };

  /** @param {number} frame */
  go(frame) {
    const last = this.marks.frames - 1;
    const wanted = Math.min(Math.max(frame, this.marks.first), last);
    if (wanted !== frame) tell(frame > last ? "This is the moment itself." : "This is the first frame of the run.");
    this.frame = wanted;
    desk.player.rest(wanted);
    this.#paint();
  }

  /** @param {number[]} action */
  mark(action) {
    this.marks.set(this.frame, action);
    this.#paint();
  }

  #change(act) {
    act();
    this.#changed();
  }

  /** Numbers that were moved are a mark; rows and switches wait for M. */
  #changed() {
    if (!this.real) return;
    this.mark(desk.pad.values);
  }

  #markAsItIs() {
    if (this.real) return this.mark(desk.pad.values);
    const entered = desk.pad.enter(false);
    if (entered && "tell" in entered) return tell(entered.tell);
    const action = entered?.commit ?? this.marks.at(this.frame) ?? this.marks.near(this.frame);
    if (!action) return tell("Choose an action: that marks the frame.");
    this.mark(action);
  }

  #unmark() {
    if (!this.marks.remove(this.frame)) return tell("This frame is not marked.");
    this.#paint();
  }

  #toGap() {
    const middle = this.marks.middleOfWidestGap;
    if (middle !== null) return this.go(middle);
    tell(this.marks.places.length < 2 ? "Mark two frames first." : "There is no frame between the marks.");
  }

  #turn() {
    if (!this.real) return tell("Actions to choose from are held: there is nothing between them.");
    this.marks.straight = !this.marks.straight;
    this.#paint();
  }

  #preview() {
    const [first] = this.marks.places;
    if (this.marks.places.length < 2) return tell("Mark two frames first.");
    this.item.replays++;
    if (!wantsCalm()) return desk.player.play(Math.max(1000 / this.item.strip.rate, SLOWEST));
    this.go(first);
    tell("Nothing moves by itself here: step through the run.");
  }

  /** A frame is drawn, by going there or by the preview. @param {number} frame */
  light(frame) {
    this.film.light(frame);
    this.#paintNumbers(frame);
    if (frame === this.marks.frames - 1 && frame !== this.frame) setTimeout(() => desk.run === this && this.go(this.frame), 500);
  }

  /** @param {import("./label-desk.js").Input} input */
  #commit(input) {
    if (desk.pad.typed) {
      const entered = desk.pad.enter(false);
      return "tell" in entered ? tell(entered.tell) : this.mark(entered.commit);
    }
    if (this.marks.places.length < 2) return tell("A run needs two marked frames: go to another one, and say what to do there.");
    const { verdict, actions, steps } = this.marks.answer;
    this.leave();
    answer(verdict, actions, input, steps);
  }

  #paint() {
    this.film.show(this.frame);
    this.#paintNumbers(this.frame);
    const { marks } = this;
    const before = marks.stepsBefore(this.frame);
    const seconds = this.stepSeconds ? ` · ${(before * this.stepSeconds).toFixed(2)} s` : "";
    say(byId("ask"), before ? `${several(before, "step")} before${seconds}` : "The moment itself");
    const count = marks.places.length;
    const how = marks.straight ? "in straight lines" : "held";
    const words = count < 2 ? `${several(count, "mark")}; two make a run` : `${several(count, "mark")}, ${several(marks.filled, "step")} between ${how}`;
    say(byId("composed"), words);
    byId("commit").hidden = false;
    byId("return").hidden = true;
    byId("commit").setAttribute("aria-disabled", String(count < 2));
    this.tools.querySelector("[data-command=line]")?.setAttribute("aria-pressed", String(marks.straight));
    /** @type {HTMLButtonElement} */ (this.tools.querySelector("[data-command=unmark]")).disabled = !marks.has(this.frame);
  }

  /** What is said about this frame stands in the pad. @param {number} frame */
  #paintNumbers(frame) {
    const said = this.marks.at(frame);
    const { pad } = desk;
    if (!this.real) return this.#paintChoice(said ? [said] : []);
    pad.set(said ?? this.marks.near(frame) ?? pad.values);
    pad.hollow = !this.marks.has(frame);
    paintArrow();
  }

  /** @param {number[][]} said */
  #paintChoice(said) {
    if (ENTERED.includes(desk.pad.kind)) desk.pad.show([], said);
    else desk.pad.show(said, []);
  }
}
