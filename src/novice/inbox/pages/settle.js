/** The page on which a run's owner says which of two contradicting answers is right. */

import { Refusal } from "./api.js";
import { byId, make, say } from "./elements.js";
import { capOfCommand, codeOf, isForeign, isTyping, learnLayout, mainCode } from "./keys.js";
import { showCard } from "./screen.js";
import { settings } from "./settings.js";
import { Side } from "./settle-side.js";
import * as server from "./settle-link.js";
import { CHOICES, capOfChoice, nearness, outcomeOf, wasChosen } from "./settle-words.js";

const stage = byId("stage");
/** @type {Side[]} */ let sides = [];
/** The pairs that come next, the first of which is on the screen. @type {any[]} */ let queue = [];
/** @type {any} */ let progress = null;
/** The pair on the screen. @type {any} */ let shown = null;
/** How many decisions one looks back, or null at the present. @type {number | null} */ let place = null;
/** Whether both moments are on the screen: about what nobody has seen, nobody decides. */
let ready = false;
let saving = false;
/** Grows with whatever one does: a reply to what was asked before is too late. */
let turn = 0;
let numbers = false;

// They listen before anything is awaited.
addEventListener("keydown", hearKey);
for (const name of ["focusin", "focusout", "focus", "blur"]) addEventListener(name, () => setTimeout(paintFocus));
addEventListener("pageshow", (event) => event.persisted && location.reload());
document.addEventListener("click", (event) => {
  // After the mouse, the keys act again; who walks with Tab stays where they are.
  if (event.detail > 0 && !getSelection()?.toString()) stage.focus({ preventScroll: true });
});
byId("back").addEventListener("click", lookBack);
byId("return").addEventListener("click", comeBack);
byId("replay").addEventListener("click", replay);
byId("numbers").addEventListener("click", toggleNumbers);
build();
stage.focus({ preventScroll: true });
paintFocus();
begin();

function build() {
  const buttons = CHOICES.map(({ name, words }) =>
    make("button", { type: "button", class: "button choice", "data-choice": name, click: () => choose(name) },
      make("kbd", { "aria-hidden": "true" }), make("span", { class: "name" }, words), make("span", { class: "note" })));
  byId("choices").append(...buttons);
  for (const name of ["left", "right"]) buttonOf(name).setAttribute("aria-label", `The ${name} one is right`);
  paintCaps();
}

function paintCaps() {
  for (const choice of CHOICES) {
    const cap = buttonOf(choice.name).querySelector("kbd");
    if (cap) say(cap, capOfChoice(choice));
  }
  for (const name of ["back", "replay"]) say(/** @type {HTMLElement} */ (byId(name).querySelector("kbd")), capOfCommand(name));
}

/** @param {string} choice */
function buttonOf(choice) {
  return /** @type {HTMLButtonElement} */ (document.querySelector(`[data-choice=${choice}]`));
}

async function begin() {
  try {
    const told = await server.hello();
    say(byId("task"), told.task);
    say(byId("run"), `${told.run} · ${told.who}`);
    document.title = `Settle · ${told.task} · novice`;
    sides = [new Side("left", told.words), new Side("right", told.words)];
    byId("pair").replaceChildren(...sides.map((side) => side.element));
    take(await server.upcoming());
    learnLayout().then(paintCaps);
  } catch (failure) {
    trouble(failure, begin);
  }
}

/**
 * What the server said about what comes next.
 * @param {{pairs: any[], progress: any}} told
 * @param {boolean} [skipped] whether that was skipped which was on the screen
 */
function take(told, skipped = false) {
  ({ pairs: queue, progress } = told);
  paintProgress();
  place = null;
  // Who skips in a circle is told so.
  if (skipped && progress.skipped === progress.open) finish();
  else next();
}

function next() {
  place = null;
  if (queue.length) show(queue[0]);
  else finish();
}

/** @param {any} pair */
function show(pair) {
  shown = pair;
  const back = place !== null;
  showCard(null);
  byId("pair").hidden = false;
  document.body.classList.remove("no-question");
  document.body.classList.toggle("looking-back", back);
  say(byId("ask"), back ? `${place + 1} back: ${wasChosen(pair)}` : "Which answer is right?");
  say(byId("near"), back ? "Choose again to change it; who answered stands below." : nearness(pair.steps_apart));
  sides.forEach((side, index) => side.show(pair.sides[index], pair.sides[1 - index], pair.people?.[index] ?? null));
  for (const { name } of CHOICES) {
    const was = back && name === pair.chosen;
    buttonOf(name).classList.toggle("was", was);
    say(/** @type {HTMLElement} */ (buttonOf(name).querySelector(".note")), was ? "your choice" : "");
  }
  say(/** @type {HTMLElement} */ (buttonOf("skip").querySelector(".name")), back && pair.chosen ? "Take it back" : "Skip");
  byId("return").hidden = !back;
  look(pair);
}

/** Fetch both pictures, then those that come next. @param {any} pair */
async function look(pair) {
  setReady(false);
  const found = await Promise.allSettled(pair.sides.map((/** @type {any} */ side) => server.stripOf(side.row)));
  if (shown !== pair) return;
  const strips = found.map((each) => (each.status === "fulfilled" ? each.value : null));
  const drawn = strips.every((strip) => strip !== null);
  const failed = /** @type {PromiseRejectedResult | undefined} */ (found.find((each) => each.status === "rejected"));
  byId("pair").dataset.why = drawn || !failed ? "" : `No pictures: ${failed.reason.message}`;
  document.body.classList.toggle("bars-only", !drawn);
  byId("replay").hidden = !(drawn && strips.some((strip) => strip !== null && strip.frames > 1));
  byId("numbers").hidden = !drawn || !pair.sides[0].observation.length;
  sides.forEach((side, index) => side.draw(drawn ? strips[index] : null));
  setReady(true);
  for (const { sides: coming } of queue.slice(1)) {
    for (const { row } of coming) server.stripOf(row).catch(() => {});
  }
}

/** @param {boolean} on */
function setReady(on) {
  ready = on;
  document.body.classList.toggle("fetching", !on);
  paintButtons();
}

function paintButtons() {
  for (const { name } of CHOICES) {
    buttonOf(name).disabled = shown === null;
    // One that has the focus keeps it.
    buttonOf(name).setAttribute("aria-disabled", String(!ready));
  }
  /** @type {HTMLButtonElement} */ (byId("back")).disabled = !progress?.mine || (place !== null && place + 1 >= progress.mine);
}

/** Whether a choice is what was chosen about the pair on the screen, and still holds. @param {string} choice */
function changesNothing(choice) {
  if (choice === "skip") return !shown.chosen;
  return choice === shown.chosen && choice === shown.choice;
}

/** @param {string} choice */
async function choose(choice) {
  if (!shown || saving) return;
  if (!ready) return tell("The pictures are still coming: a choice counts once both can be seen.");
  if (place !== null && changesNothing(choice)) return comeBack();
  const pair = shown;
  saving = true;
  turn += 1;
  paintSaved("saving");
  try {
    const told = await server.decide({ pair: pair.id, choice, before: pair.choice });
    paintSaved("saved");
    tell(choice === "skip" && !pair.chosen ? "Skipped: it comes again at the end." : outcomeOf(told.decided));
    saving = false;
    take(told, choice === "skip");
  } catch (failure) {
    saving = false;
    const stale = failure instanceof Refusal && [404, 409].includes(failure.status);
    trouble(failure, null);
    if (stale) await refresh();
  }
}

/** Somebody else decided meanwhile: begin with what is open now. */
async function refresh() {
  try {
    const told = await server.upcoming();
    paintSaved("saved");
    take(told);
  } catch (failure) {
    trouble(failure, refresh);
  }
}

async function lookBack() {
  if (!progress || saving || /** @type {HTMLButtonElement} */ (byId("back")).disabled) return;
  const wanted = place === null ? 0 : place + 1;
  const mine = (turn += 1);
  try {
    const pair = await server.decided(wanted);
    if (mine !== turn) return;
    place = wanted;
    tell("");
    show(pair);
  } catch (failure) {
    if (mine === turn) trouble(failure, null);
  }
}

function comeBack() {
  if (saving) return;
  turn += 1;
  if (place !== null) next();
}

/** Nothing is left but what was skipped: what came of it, and what to type next. */
function finish() {
  const { sentence, next: command } = progress.closing;
  const title = queue.length ? "The others were skipped" : "Every pair is settled";
  clear(title);
  const again = make("button", { type: "button", class: "button", click: next }, "Show the skipped ones");
  showCard({ name: "done", title, words: [
    sentence, ...(queue.length ? [again] : []),
    make("p", {}, "Nothing is deleted: “Back” changes a decision, and ", make("code", {}, "novice data restore"), " lets out what was set aside."),
    make("p", {}, "Type next, in the terminal:"), make("pre", { tabindex: "0" }, make("code", {}, command)),
  ] });
  say(byId("aloud"), `${title}. ${sentence}`);
}

/** Take the pair off the screen; there is a card in its place. @param {string} title */
function clear(title) {
  shown = null;
  ready = false;
  byId("pair").hidden = true;
  byId("return").hidden = true;
  for (const name of ["replay", "numbers"]) byId(name).hidden = true;
  document.body.classList.remove("looking-back", "bars-only", "fetching");
  document.body.classList.add("no-question");
  say(byId("ask"), title);
  say(byId("near"), "");
  paintButtons();
}

/** Say what failed; with nothing on the screen, offer to try again. */
function trouble(failure, again) {
  const lost = !(failure instanceof Refusal);
  const words = lost ? "The server does not answer; nothing was changed. Is the command still running?" : sentenceOf(failure.message);
  paintSaved("offline", lost ? "Offline" : "Not saved");
  if (shown || !again) return tell(words);
  const title = lost ? "No answer" : "Not now";
  clear(title);
  const retry = make("button", { type: "button", class: "button first", click: () => again() }, "Try again");
  showCard({ name: "trouble", title, words: [words, retry] });
}

/** @param {string} words */
function sentenceOf(words) {
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}

function paintProgress() {
  const { settled, open, skipped } = progress;
  const whole = settled + open ? settled / (settled + open) : 1;
  const left = open ? `${open.toLocaleString("en")} to go` : "none to go";
  say(byId("count"), `${settled.toLocaleString("en")} settled · ${left}${skipped ? `, ${skipped} skipped` : ""}`);
  byId("meter").setAttribute("aria-valuenow", String(Math.round(100 * whole)));
  byId("meter-fill").style.transform = `scaleX(${whole})`;
  paintSaved("saved");
}

/** @param {"loading" | "saving" | "saved" | "offline"} state @param {string} [words] */
function paintSaved(state, words) {
  byId("saved").dataset.state = state;
  say(byId("saved-text"), words ?? { loading: "Loading", saving: "Saving", saved: "Saved", offline: "Offline" }[state]);
}

/** @param {string} words */
function tell(words) {
  say(byId("said"), words);
  say(byId("aloud"), words);
}

function replay() {
  if (ready) for (const side of sides) side.player.play();
}

function toggleNumbers() {
  numbers = !numbers;
  document.body.classList.toggle("with-numbers", numbers);
  byId("numbers").setAttribute("aria-pressed", String(numbers));
}

/** Keys act on the pair, and where nothing has the focus. */
function keysAct() {
  const active = document.activeElement;
  return !active || active === document.body || stage.contains(active);
}

/** @param {KeyboardEvent} event */
function hearKey(event) {
  if (isTyping(event.target) || isForeign(event) || event.shiftKey) return;
  const code = mainCode(event.code);
  if (code === "Escape") return keysAct() ? comeBack() : stage.focus();
  const act = settings.shortcuts && keysAct() ? meaningOf(code) : null;
  if (!act) return;
  event.preventDefault();
  act();
}

/** @param {string} code */
function meaningOf(code) {
  const choice = CHOICES.find(({ name, codes }) => codes.includes(code) || (name === "skip" && codeOf("skip") === code));
  if (choice) return shown && (() => choose(choice.name));
  if (code === "Backspace" || code === codeOf("back")) return lookBack;
  return code === codeOf("replay") ? replay : null;
}

function paintFocus() {
  document.body.classList.toggle("keys-on", settings.shortcuts && keysAct() && document.hasFocus());
  say(byId("keys-rest"), settings.shortcuts ? "Keys rest. Click here, or press Esc." : "Single keys are off: use the buttons.");
}
