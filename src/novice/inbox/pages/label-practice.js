/** A first visit's lesson: five examples, drawn here, of which nothing is sent. */

import { collect, compose } from "./label-answer.js";
import { buildPad, paintCaps, padClicked, usePad } from "./label-build.js";
import { desk, stage } from "./label-desk.js";
import { command, meaningOf } from "./label-hands.js";
import { EXAMPLES, toyPad } from "./label-examples.js";
import { paintArrow, paintComposed, paintLast } from "./label-paint.js";
import { goOn, show } from "./label-show.js";
import { drawnStrip } from "./label-toy.js";
import { byId, make, say } from "./elements.js";
import { capOfCommand, places } from "./keys.js";
import { showCard } from "./screen.js";
import { keepSettings, settings } from "./settings.js";

const touch = matchMedia("(pointer: coarse)");

export class Lesson {
  /** Which example is open; -1 is the card before them. */ #at = -1;
  /** Whether the open example is done. */ #done = false;
  #line = make("p", { id: "practice-line", class: "practice-line", role: "status" });
  #panel = make("div", { id: "lesson" });

  constructor() {
    this.resume = desk.shown;
    this.resume?.clock?.stop();
    desk.shown = null;
    this.kind = desk.pad.kind === "real" ? "numbers" : "choices";
    this.examples = EXAMPLES[this.kind];
    this.runButton = /** @type {HTMLElement} */ (byId("verdicts").querySelector("[data-command=run]"));
    this.runHidden = this.runButton.hidden;
    document.body.classList.add("practicing");
    byId("skeleton").hidden = true;
    byId("picture").hidden = true;
    byId("no-picture").hidden = true;
    this.#welcome();
  }

  #welcome() {
    const { instructions } = desk.hello;
    const go = make("button", { type: "button", class: "button first", click: () => this.#open(0) }, "Five examples", touch.matches ? null : make("kbd", {}, "Enter"));
    const skip = make("button", { type: "button", class: "button", click: () => this.end() }, "Skip them", touch.matches ? null : make("kbd", {}, "Esc"));
    showCard({
      name: "practice",
      title: "You teach by answering",
      words: [
        "Each picture is a moment that the policy got itself into. A short clip leads up to it and stops there.",
        make("p", {}, "Answer with what you would do ", make("strong", {}, "now"), "; the next moment is there at once."),
        ...(instructions ? [make("h3", {}, "What this run asks of you"), make("p", { class: "card-instructions" }, instructions)] : []),
        make("div", { class: "card-buttons" }, go, skip),
      ],
    });
  }

  /** @param {number} at which example */
  #open(at) {
    if (at >= this.examples.length) return this.end();
    this.#at = at;
    this.#done = false;
    const example = this.examples[at];
    paintLast();
    showCard(null);
    if (at === 0) {
      usePad(toyPad(this.kind, padClicked));
      places.delete("run");
      byId("pad").before(this.#panel);
    }
    compose([], false);
    this.runButton.hidden = !last(this.examples, at);
    desk.pad.show([], example.before ?? []);
    this.#paint();
    this.#draw(example.picture);
    stage.focus({ preventScroll: true });
  }

  /** @param {any} picture */
  async #draw(picture) {
    const strip = await drawnStrip(picture);
    document.body.classList.remove("no-question");
    byId("picture").hidden = false;
    byId("picture").setAttribute("aria-label", picture.words);
    desk.player.show(strip);
    paintArrow();
  }

  #paint() {
    const example = this.examples[this.#at];
    const isLast = last(this.examples, this.#at);
    const words = isLast ? "Start" : "Next example";
    const next = make("button", { type: "button", class: "button first", hidden: !this.#done, click: () => command("commit") }, words, touch.matches ? null : make("kbd", {}, "Enter"));
    const skip = make("button", { type: "button", class: "button plain", hidden: isLast && this.#done, click: () => this.end() }, "Skip the rest", touch.matches ? null : make("kbd", {}, "Esc"));
    say(this.#line, this.#done ? (touch.matches && example.tapped) || example.good : "Nothing here is saved.");
    this.#line.classList.toggle("good", this.#done);
    this.#panel.replaceChildren(
      make("p", { class: "quiet" }, `Example ${this.#at + 1} of ${this.examples.length}`),
      make("p", { class: "lesson-ask" }, ...example.ask((/** @type {string} */ name) => make("kbd", {}, capOfCommand(name)), touch.matches)),
      this.#line,
      make("div", { class: "card-buttons" }, next, skip),
    );
    paintCaps();
    paintComposed();
  }

  /** @param {import("./label-desk.js").Input} input @param {string | null} name */
  take(input, name) {
    if (name === "cancel") return this.end();
    if (this.#at < 0) return name === "commit" && this.#open(0);
    const meant = input.meant ?? meaningOf(input);
    if (!meant) return;
    if (this.#done) return meant.command === "commit" && this.#open(this.#at + 1);
    this.#try(meant);
    paintComposed();
  }

  /** @param {any} meant */
  #try(meant) {
    if ("changed" in meant) return;
    if (this.#gathers(meant)) return;
    if (meant.command in NUDGES) return NUDGES[meant.command](desk.pad);
    const said = this.#saidBy(meant);
    if (!said) return;
    const example = this.examples[this.#at];
    this.#done = example.isGood(said);
    if (!this.#done) return say(this.#line, example.hint);
    if (example.after) this.#draw(example.after);
    this.#paint();
  }

  /** Whether it only adds to the actions that will be answered together. @param {any} meant */
  #gathers(meant) {
    if (meant.command === "several") desk.collecting = !desk.collecting;
    const action = meant.collect ?? (desk.collecting ? meant.commit : null);
    if (action) collect(action);
    return Boolean(action) || meant.command === "several";
  }

  /** What was answered, in the words of the examples. @param {any} meant */
  #saidBy(meant) {
    if (meant.commit) return { actions: [...desk.collected, meant.commit] };
    if (meant.command !== "commit") return meant.command ? { command: meant.command } : null;
    const entered = desk.pad.enter(false);
    if (entered?.commit) return { actions: [entered.commit] };
    return desk.collected.length ? { actions: desk.collected } : null;
  }

  /** @param {boolean} whole whether it was seen or skipped, and needs no second time */
  end(whole = true) {
    desk.lesson = null;
    document.body.classList.remove("practicing");
    this.#panel.remove();
    this.runButton.hidden = this.runHidden;
    settings.practiced ||= whole;
    keepSettings();
    showCard(null);
    desk.player.stop();
    buildPad();
    paintLast();
    stage.focus({ preventScroll: true });
    if (this.resume && whole) show(this.resume, null);
    else goOn();
  }
}

/** @param {unknown[]} all @param {number} at */
const last = (all, at) => at === all.length - 1;

/** What only moves the toy's numbers. */
const NUDGES = {
  zero: (pad) => pad.zero(),
  unknown: (pad) => pad.forget(),
  partBefore: (pad) => pad.go(-1),
  partAfter: (pad) => pad.go(1),
};
