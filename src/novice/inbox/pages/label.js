/** The page on which a person answers questions about visited moments. */

import { Api, Refusal, newId, pause } from "./api.js";
import { Consequences } from "./consequences.js";
import { showHelp, showInstructions, showSettings } from "./dialogs.js";
import { byId, make, say, several } from "./elements.js";
import { History } from "./history.js";
import { COMMANDS, capOf, capOfCommand, codesOfChoice, commandOf, isForeign, isTyping, learnLayout, mainCode } from "./keys.js";
import { Outbox } from "./outbox.js";
import { makePad } from "./pad.js";
import { Player } from "./picture.js";
import { Queue } from "./queue.js";
import { Bars, Header, LastAnswers, Notices, Timeline, showCard } from "./screen.js";
import { keepSettings, settings } from "./settings.js";
import { listenToFingers } from "./touch.js";

const LONGEST_LOOK = 3600; // seconds
const SAVING_SHOWS = 150; // milliseconds; quicker saves don't flicker
const A_PAUSE = 3 * 60_000; // milliseconds without an answer

/**
 * What the person did: a key, or a click with its meaning; `at` is when.
 * @typedef {{code?: string, key?: string, shift?: boolean, at: number, meant?: object}} Input
 */

const stage = byId("stage");
const api = new Api();
const notices = new Notices();
const history = new History(api);
const player = new Player(/** @type {HTMLCanvasElement} */ (byId("picture")), (frame) => timeline?.light(frame));
const consequences = new Consequences(byId("branches"), api, (action, collect) => {
  take({ at: performance.now(), meant: collect ? { collect: action } : { commit: action } });
});
const outbox = new Outbox((answers) => api.store(answers), {
  changed: () => paintSaved(),
  stored: (progress) => showProgress(progress),
});
const queue = new Queue(api, () => outbox.questions, {
  ready: () => goOn(),
  progress: (progress) => showProgress(progress),
  lost: () => goOn(),
});
const lastAnswers = new LastAnswers((back) => lookAt(history.length - 1 - back));

/** @type {any} */ let hello = null;
/** @type {any} */ let progress = null;
/** @type {any} */ let pad = null;
/** @type {Timeline | null} */ let timeline = null;
/** @type {Bars | null} */ let bars = null;
/** @type {Header | null} */ let header = null;

/** What is on the screen. @type {import("./queue.js").Item | null} */ let shown = null;
/** The present question while an earlier one is looked at. */ let present = null;
/** The place in the history that is looked at. @type {number | null} */ let place = null;
/** Actions that will be answered together. @type {number[][]} */ let collected = [];
let wrong = false;
let collecting = false;
/** Keys that wait for a question. @type {Input[]} */ let keys = [];
let expired = false;
let practicing = !settings.practiced;
let sittingSince = performance.now();
let lastAnswerAt = performance.now();

// ---------------------------------------------------------------- what the person does

// They listen before anything is awaited: the first key must not be lost.
addEventListener("keydown", hearKey);
addEventListener("keyup", (event) => event.code === "Space" && keysAct() && !isButton(event.target) && event.preventDefault());
addEventListener("beforeunload", (event) => outbox.size && event.preventDefault());
addEventListener("pagehide", () => api.farewell(queue.held));
addEventListener("pageshow", (event) => event.persisted && location.reload());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) shown?.clock?.stop();
  else {
    shown?.clock?.start();
    queue.fill(true);
    outbox.retry();
  }
});
for (const name of ["focusin", "focusout", "focus", "blur"]) addEventListener(name, () => setTimeout(paintFocus));
document.addEventListener("click", (event) => {
  // After the mouse, the keys act again; who walks with Tab stays where they are.
  const target = /** @type {Element} */ (event.target);
  if (event.detail > 0 && !document.querySelector("dialog[open]") && !isTyping(target)) {
    stage.focus({ preventScroll: true });
  }
});
listenToFingers(stage, {
  skip: () => command("skip"),
  back: () => command("back"),
});

/** @param {KeyboardEvent} event */
function hearKey(event) {
  if (isForeign(event) || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const code = mainCode(event.code);
  if (code === "Escape" && !keysAct()) return stage.focus();
  if (!keysAct() || (isButton(event.target) && ["Enter", "Space"].includes(code))) return;
  if (!settings.shortcuts && !["Escape", "Enter"].includes(code)) return;
  if (event.key !== "?" && !commandOf(code) && !pad?.knows(code)) return;
  event.preventDefault();
  take({ code, key: event.key, shift: event.shiftKey, at: event.timeStamp });
}

/** Keys act on the picture and the pad, and where nothing has the focus. */
function keysAct() {
  const active = document.activeElement;
  return !active || active === document.body || stage.contains(active) || byId("pad").contains(active);
}

/** @param {EventTarget | null} target */
function isButton(target) {
  return target instanceof HTMLButtonElement && target.getAttribute("role") !== "radio";
}

/** @param {string} name */
function command(name) {
  take({ at: performance.now(), meant: { command: name } });
}

/**
 * Act on it, or keep it until there is a question that it can answer.
 * @param {Input} input
 */
function take(input) {
  const name = input.meant?.command ?? (input.key === "?" ? "help" : input.shift ? null : commandOf(input.code ?? ""));
  if (name in ALWAYS) return ALWAYS[name]();
  if (practicing) return practice(input, name);
  if (name === "back" && !pad?.typed && !keys.length) return lookBack();
  // Keys that wait for a question which isn't there can be taken back.
  if (name === "back" && keys.length && !shown) keys.pop();
  else if (name === "cancel" && keys.length && !shown) keys = [];
  else keys.push(input);
  answerWaiting();
}

/** Each key answers the next question, once that has been on the screen. */
function answerWaiting() {
  while (keys.length && shown?.drawn) apply(/** @type {Input} */ (keys.shift()));
  if (!shown && keys.length && !isComing()) {
    tell(`No question was open: ${several(keys.length, "key")} did nothing.`);
    keys = [];
  }
  if (!shown) paintWaiting();
}

/** @param {Input} input */
function apply(input) {
  const meant = input.meant ?? meaningOf(input);
  if (!meant) return;
  if ("command" in meant) COMMAND[meant.command]?.(input);
  else if ("tell" in meant) tell(meant.tell);
  else if ("collect" in meant) collect(meant.collect);
  else if ("commit" in meant) {
    if (collecting) collect(meant.commit);
    else answerWith([...collected.filter((each) => String(each) !== String(meant.commit)), meant.commit], input);
  }
}

/** @param {Input} input */
function meaningOf({ code = "", shift = false }) {
  if (code === "Enter") return pad.enter(shift) ?? { command: "commit" };
  if (code === "Backspace" && pad.erase()) return { changed: true };
  const name = shift ? null : commandOf(code);
  return name ? { command: name } : pad.key(code, shift);
}

/** What works whether or not a question is open. */
const ALWAYS = {
  help: () => showHelp(pad?.usage() ?? []),
  instructions: () => showInstructions(hello?.instructions ?? null),
  settings: () => showSettings({ task: hello?.task ?? "", choices: pad?.kind === "discrete" ? pad.choices : [] }, () => {
    buildPad();
    paintCaps();
    paintFocus();
  }),
};

/** @type {Record<string, (input: Input) => void>} */
const COMMAND = {
  unsure: (input) => answer("unsure", [], input),
  any: (input) => answer("any", [], input),
  skip: (input) => answer("skip", [], input),
  report: (input) => answer("report", [], input),
  wrong: () => {
    wrong = !wrong;
    paintComposed();
  },
  several: () => {
    collecting = !collecting;
    paintComposed();
  },
  consequences: () => lookAhead(),
  replay: () => replay(),
  back: () => lookBack(),
  commit: (input) => {
    const last = pad.enter(false);
    if (last) apply({ ...input, meant: last });
    else if (collected.length) answerWith(collected, input);
    else if (place !== null) returnToPresent();
    else tell("Nothing is chosen yet.");
  },
  cancel: () => {
    stage.focus({ preventScroll: true });
    if (consequences.open) consequences.close();
    else if (collected.length || wrong || collecting) compose([], false);
    else if (place !== null) returnToPresent();
  },
};

// ------------------------------------------------------------------------- answering

/** @param {number[]} action */
function collect(action) {
  const others = collected.filter((each) => String(each) !== String(action));
  compose(others.length < collected.length ? others : [...collected, action], wrong, collecting);
}

/** @param {number[][]} actions @param {Input} input */
function answerWith(actions, input) {
  answer(wrong ? "wrong" : "action", actions, input);
}

/**
 * @param {string} verdict
 * @param {number[][]} actions
 * @param {Input} input
 */
function answer(verdict, actions, input) {
  const item = /** @type {any} */ (shown);
  const early = input.at < item.drawnAt;
  const seconds = early ? 0 : Math.min(item.clock.seconds(input.at), LONGEST_LOOK);
  const seen = { clip: item.strip !== null, consequences: item.looked, replays: item.replays };
  if (early) Object.assign(seen, { early });
  outbox.add({
    uuid: newId(),
    question: item.question.id,
    lease: place === null ? item.question.lease : 0,
    verdict,
    actions,
    seconds: Math.round(seconds * 1000) / 1000,
    shown: seen,
  });
  if (actions.length === 1) pad.flash(actions[0]);
  hintAtPause();
  if (place === null) {
    history.push({ question: item.question, verdict, actions, item });
    next();
  } else {
    Object.assign(history.entries[place], { verdict, actions });
    tell("Changed. The earlier answer is kept beside it.");
    returnToPresent();
  }
}

function hintAtPause() {
  const now = performance.now();
  if (now - lastAnswerAt > A_PAUSE) sittingSince = now;
  lastAnswerAt = now;
  const minutes = (now - sittingSince) / 60_000;
  if (minutes < (hello.pause_after_minutes ?? 25)) return;
  notices.set("pause", `You have been answering for ${Math.round(minutes)} minutes. A short pause keeps the answers good; nothing is lost meanwhile.`);
  sittingSince = now;
}

function lookAhead() {
  if (!hello.consequences || !shown) return;
  if (consequences.open) return consequences.close();
  shown.looked = true;
  const words = hello.words.action;
  consequences.show(shown.question.id, {
    name: (action) => pad.name(action),
    caps: (action) => {
      const keysOf = words.choices?.[action[0]]?.keys ?? [];
      return codesOfChoice(hello.task, action[0], keysOf).slice(0, 1).map(capOf);
    },
  });
}

function replay() {
  if (!shown?.strip) return;
  shown.replays++;
  if (consequences.open) consequences.replay();
  else player.play();
}

// --------------------------------------------------------------- what is on the screen

/** Whether nobody is to be asked any more: what is said then changes no policy. */
function isEnough() {
  const { labels = null, minutes = null } = progress?.budget ?? {};
  return progress?.phase === "finished"
    || (labels !== null && progress.answered >= labels)
    || (minutes !== null && progress.human_seconds >= 60 * minutes);
}

function next() {
  shown = null;
  const item = isEnough() ? null : queue.next();
  if (item) show(item, null);
  else {
    consequences.close();
    compose([], false);
    paintWaiting();
  }
}

/** The queue has news: go on where nothing is on the screen. */
function goOn() {
  if (!shown && place === null && !practicing && !expired && hello) next();
  answerWaiting();
  paintSaved();
}

/**
 * @param {any} item
 * @param {{verdict: string, actions: number[][]} | null} before the answer that stands
 */
function show(item, before) {
  shown = item;
  consequences.close();
  showCard(null);
  byId("skeleton").hidden = true;
  timeline?.show(item.question, item.strip);
  if (item.strip) player.show(item.strip);
  else player.stop();
  paintPicture(item);
  bars?.show(item.question.observation);
  compose([], false);
  pad.show([], before && ["action", "wrong"].includes(before.verdict) ? before.actions : []);
  paintBefore(before);
  if (!item.clock) Object.assign(item, { clock: new Clock(), drawnAt: performance.now(), replays: 0, looked: false });
  item.clock.start();
  paintLast();
  if (item.drawn) return;
  whenPainted(() => {
    item.drawn = true;
    answerWaiting();
  });
}

/** Seconds of looking; a hidden page is a pause. */
class Clock {
  #spent = 0;
  /** @type {number | null} */ #since = null;

  start() {
    if (!document.hidden) this.#since ??= performance.now();
  }

  stop() {
    this.#spent = this.#until(performance.now());
    this.#since = null;
  }

  /** @param {number} at */
  seconds(at) {
    return this.#until(at) / 1000;
  }

  /** @param {number} at */
  #until(at) {
    return this.#spent + (this.#since === null ? 0 : Math.max(0, at - this.#since));
  }
}

/** @param {() => void} then */
function whenPainted(then) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    then();
  };
  requestAnimationFrame(() => port2.postMessage(null));
}

/** @param {number[][]} actions @param {boolean} isWrong @param {boolean} goesOn */
function compose(actions, isWrong, goesOn = false) {
  collected = actions;
  wrong = isWrong;
  collecting = goesOn;
  paintComposed();
}

// ------------------------------------------------------------------------ looking back

async function lookBack() {
  if (expired || !hello) return;
  const from = place ?? history.length;
  if (from > 0) return lookAt(from - 1);
  if (!history.more) return tell("This is your first answer.");
  tell("Fetching your earlier answers …");
  try {
    const count = await history.older();
    if (place !== null) place += count;
    tell(count ? "" : "There are no earlier answers.");
    if (count) lookAt((place ?? history.length) - 1);
  } catch {
    tell("Your earlier answers are not here: the server does not answer.");
  }
}

/** @param {number} index */
async function lookAt(index) {
  const entry = history.entries[index];
  if (!entry || expired) return;
  shown?.clock?.stop();
  if (place === null) present = shown;
  place = index;
  shown = null;
  if (!entry.item.ready) {
    paintWaiting();
    await entry.item.load(api);
    if (place === null || history.entries[place] !== entry) return;
  }
  delete entry.item.clock;
  entry.item.drawn = false;
  show(entry.item, entry);
}

function returnToPresent() {
  const looked = place === null ? null : history.entries[place];
  shown?.clock?.stop();
  shown = null;
  place = null;
  if (looked && history.entries.indexOf(looked) < history.length - 6) looked.item.drop();
  if (present) show(present, null);
  else next();
  present = null;
  answerWaiting();
}

// ------------------------------------------------------------------------- first visit

/** @param {Input} input @param {string | null} name */
function practice(input, name) {
  if (name === "commit" || name === "cancel") return endPractice();
  const meant = input.meant ?? pad?.key(input.code ?? "", input.shift ?? false);
  const action = meant?.commit ?? meant?.collect;
  const words = action ? `That is “${pad.name(action)}”.` : name && COMMANDS[name] ? `That is “${COMMANDS[name].name}”.` : null;
  if (action) pad.flash(action);
  const line = document.getElementById("practice-line");
  if (words && line) say(line, `${words} Nothing is saved yet.`);
}

function endPractice() {
  practicing = false;
  document.body.classList.remove("practicing");
  settings.practiced = true;
  keepSettings();
  showCard(null);
  stage.focus({ preventScroll: true });
  goOn();
}

function showPractice() {
  document.body.classList.add("practicing");
  const cap = (/** @type {string} */ name) => make("kbd", {}, capOfCommand(name));
  const touch = matchMedia("(pointer: coarse)").matches;
  const start = make("button", { type: "button", class: "button first", click: endPractice }, "Start", touch ? null : make("kbd", {}, "Enter"));
  const more = touch
    ? ["Two are fine? Tap “Several …” first. Swipe the picture to the left to skip; tap it with two fingers to go back."]
    : ["Not sure? ", cap("unsure"), " says so. Two are fine? Hold ", make("kbd", {}, "Shift"), ". Changed your mind? ", cap("back"), " goes back."];
  showCard({
    name: "practice",
    title: "You teach by answering",
    words: [
      "Each picture is a moment that the policy got itself into. A short clip leads up to it and stops there.",
      make("p", {}, "Answer with the action that you would take ", make("strong", {}, "now"), `: one ${touch ? "tap" : "key"}, and the next is there.`),
      make("p", {}, ...more),
      make("p", { id: "practice-line", class: "practice-line", role: "status" }, `Try the ${touch ? "buttons" : "keys"} now: nothing is saved yet.`),
      start,
    ],
  });
}

// ---------------------------------------------------------------------------- painting

/** Whether a question is on its way, so that keys wait for it. */
function isComing() {
  if (place !== null) return true;
  return !expired && !isEnough() && (queue.coming || !progress);
}

/** What stands in the place of a question that is not there. */
function paintWaiting() {
  if (practicing || shown) return;
  const coming = isComing();
  byId("skeleton").hidden = !coming || expired;
  byId("picture").hidden = true;
  byId("no-picture").hidden = true;
  byId("timeline").classList.add("still");
  document.body.classList.add("no-question");
  if (coming && !expired) {
    showCard(null);
    const waiting = keys.length ? ` ${several(keys.length, "key")} ${keys.length === 1 ? "waits" : "wait"} for it; Esc drops ${keys.length === 1 ? "it" : "them"}.` : "";
    return say(byId("skeleton-text"), `Fetching the next moment …${waiting}`);
  }
  showCard(expired ? cardExpired() : queue.lost ? cardLost() : progress?.phase === "finished" ? cardFinished() : cardWaiting());
}

function kept() {
  const count = outbox.size;
  if (!count) return "All your answers are saved.";
  return `${several(count, "answer")} of yours ${count === 1 ? "is" : "are"} kept in this browser, and will be sent.`;
}

function cardExpired() {
  const again = make("button", { type: "button", class: "button first", click: comeBack }, "Try again");
  return {
    name: "expired",
    title: "This page is signed out",
    words: ["Open the address that novice printed in the terminal once more, in this browser. Then come back here.", kept(), again],
  };
}

function cardLost() {
  return {
    name: "lost",
    title: "The server does not answer",
    words: ["It is tried again by itself, and the page goes on when it is back.", kept()],
    busy: true,
  };
}

/** @param {Error} failure */
function cardStarting(failure) {
  const words = [`The server says: ${failure.message}.`, "The page goes on by itself."];
  return { name: "starting", title: "Not yet", words, busy: true };
}

function cardFinished() {
  const news = progress.news.map((/** @type {{sentence: string}} */ each) => make("li", {}, each.sentence));
  const list = news.length ? [make("ul", { class: "news" }, ...news)] : [];
  return {
    name: "finished",
    title: `Done. Thank you, ${hello.who}.`,
    words: [`Your ${several(progress.mine, "answer")} taught this policy.`, ...list, kept()],
  };
}

const WAITING = {
  starting: "The first policy is on its way.",
  acting: "The newest policy is acting, so that there is something to ask about.",
  asking: "The next moments are being chosen.",
  evaluating: "The new policy is being measured.",
};

function cardWaiting() {
  if (isEnough() && progress.training) {
    const words = ["That was the last question. The policy is learning from your answers; this page says when it is done.", kept()];
    return { name: "enough", title: "Thank you, that is enough", words, busy: true };
  }
  const learning = progress.answered
    ? `The policy is learning from ${progress.answered === progress.mine ? "your " : ""}${several(progress.answered, "answer")}.`
    : "The policy is learning.";
  const words = progress.training
    ? [WAITING[progress.phase] ?? learning, "The next questions come by themselves."]
    : ["Nothing is training at the moment. New questions come when the run goes on.", kept()];
  const title = progress.training ? "No questions right now" : "The run is resting";
  return { name: "waiting", title, words, busy: Boolean(progress.training) };
}

/** @param {any} item */
function paintPicture(item) {
  const drawn = item.strip !== null;
  byId("picture").hidden = !drawn;
  byId("no-picture").hidden = drawn;
  document.body.classList.remove("no-question");
  document.body.classList.toggle("bars-only", !drawn);
  const home = drawn ? byId("side") : byId("no-picture");
  const panel = byId("bars");
  if (panel.parentElement !== home) home.append(panel);
  if (drawn) byId("picture").setAttribute("aria-label", `The moment, step ${item.question.step}`);
  else byId("no-picture").dataset.why = item.why ?? "";
}

/** @param {{verdict: string, actions: number[][]} | null} before */
function paintBefore(before) {
  const back = before !== null && place !== null;
  document.body.classList.toggle("looking-back", back);
  for (const button of byId("verdicts").querySelectorAll("button")) {
    const was = before !== null && (button.dataset.command === before.verdict);
    button.classList.toggle("was", was);
  }
  if (!back) return;
  byId("composed").replaceChildren(`${history.length - place} back: you said `, make("strong", {}, nameOf(before)), ".");
}

/** @param {{verdict: string, actions: number[][]}} entry */
function nameOf({ verdict, actions }) {
  const names = actions.map((action) => pad.name(action)).join(" or ");
  if (verdict === "action") return names;
  if (verdict === "wrong") return `not ${names}`;
  return { unsure: "can’t tell", any: "any is fine", skip: "skip", report: "report" }[verdict] ?? verdict;
}

/** @param {{verdict: string, actions: number[][]}} entry */
function signOf(entry) {
  const signs = entry.actions.map((action) => pad.sign(action)).join(" ");
  if (entry.verdict === "action") return signs;
  return entry.verdict === "wrong" ? `✗ ${signs}` : nameOf(entry);
}

function paintLast() {
  const newest = history.entries.slice(-8).reverse();
  lastAnswers.show(newest.map((entry) => ({ sign: signOf(entry), name: nameOf(entry) })), place === null ? null : history.length - 1 - place);
  /** @type {HTMLButtonElement} */ (byId("back")).disabled = !history.length && !history.more;
}

function paintComposed() {
  pad?.show(collected, []);
  const names = collected.map((action) => pad.name(action)).join(" or ");
  const begun = wrong || collecting || collected.length > 0;
  let words = "";
  if (wrong && !collected.length) words = "Which action would be wrong here?";
  else if (wrong) words = `Wrong: ${names}`;
  else if (collected.length) words = `Fine: ${names}`;
  else if (collecting) words = "Choose every action that is fine";
  say(byId("composed"), words);
  byId("compose").classList.toggle("begun", begun);
  byId("return").hidden = place === null || begun;
  byId("commit").hidden = !(collected.length || pad?.kind === "several" || pad?.kind === "switches");
  for (const [name, on] of Object.entries({ wrong, several: collecting })) {
    byId("verdicts").querySelector(`[data-command=${name}]`)?.setAttribute("aria-pressed", String(on));
  }
  document.body.classList.toggle("wrong", wrong);
}

/** @param {string} words */
function tell(words) {
  say(byId("said"), words);
  if (words) say(byId("aloud"), words);
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => say(byId("said"), ""), 6000);
}
tell.timer = 0;

function paintFocus() {
  const on = settings.shortcuts && keysAct() && document.hasFocus() && !document.querySelector("dialog[open]");
  document.body.classList.toggle("keys-on", on);
  say(byId("keys-rest"), settings.shortcuts ? "Keys rest. Click here, or press Esc." : "Single keys are off: use the buttons.");
  document.body.dataset.hand = settings.hand;
}

/** @param {object} news */
function showProgress(news) {
  progress = news;
  header?.show(progress);
  const box = boxName();
  const newest = progress.news.filter((/** @type {{id: number}} */ each) => each.id > (settings.news[box] ?? 0)).at(-1);
  if (newest && progress.phase !== "finished") notices.set("news", newest.sentence);
  if (newest) {
    settings.news[box] = newest.id;
    keepSettings();
  }
  paintSaved();
  if (shown && place === null && isEnough()) next();
  else if (!shown) paintWaiting();
}

function boxName() {
  return `${hello.inbox ?? hello.run}|${hello.who}`;
}

let savedTimer = 0;
let saidKind = "";

/** Where the answers are, in words. */
function paintSaved() {
  const { size, failure } = outbox;
  const where = outbox.durable ? "in this browser" : "in this page only";
  const wait = size > 0 && !failure && byId("saved").dataset.state === "saved";
  clearTimeout(savedTimer);
  savedTimer = setTimeout(() => paintSavedAs(size, failure, where), wait ? SAVING_SHOWS : 0);
  notices.set("durable", outbox.durable ? null : "This browser keeps nothing for later. Close the page only when it says Saved.", "warning");
  notices.set("others", outbox.others ? `${several(outbox.others, "answer")} of another run or person ${outbox.others === 1 ? "is" : "are"} kept in this browser; they are sent when that page is opened.` : null);
  const [refusal] = outbox.refused;
  notices.set("refused", refusal ? `${several(outbox.refused.length, "answer")} could not be taken: ${refusal}` : null, "warning");
  notices.set("server", failure instanceof Refusal && ![401, 429].includes(failure.status) ? failure.message : null, "warning");
}

/** @param {number} size @param {Error | null} failure @param {string} where */
function paintSavedAs(size, failure, where) {
  const offline = failure && !(failure instanceof Refusal);
  let kind = "saved";
  let keeper = "";
  let words = `Saved ${(progress?.stored ?? 0).toLocaleString("en")}`;
  if (!progress) [kind, words] = ["loading", "Loading"];
  if (size) [kind, words] = ["saving", `Saving ${size}`];
  if (offline || (queue.lost && !size)) [kind, words] = ["offline", size ? `Offline, ${size} kept` : "Offline, all saved"];
  else if (expired) [kind, words] = ["offline", `Signed out, ${size} kept`];
  else if (failure && size && failure.status !== 429) [kind, words] = ["offline", `Not saved, ${size} kept`];
  if (kind === "offline" && size) keeper = ` ${where}`;
  byId("saved").dataset.state = kind;
  // A narrow screen has no room for where.
  if (byId("saved-text").textContent !== words + keeper) {
    byId("saved-text").replaceChildren(words, make("span", { class: "roomy" }, keeper));
  }
  if (kind !== saidKind && kind !== "saving") {
    if (saidKind && !(kind === "saved" && saidKind === "loading")) say(byId("aloud"), words + keeper);
    saidKind = kind;
  }
}

const VERDICTS = [
  ["unsure", "Can’t tell"], ["any", "Any is fine"], ["skip", "Skip"], ["report", "Report frame"],
  ["wrong", "Wrong …"], ["several", "Several …"],
];

function buildVerdicts() {
  const buttons = VERDICTS.map(([name, words]) => {
    const toggles = name === "wrong" || name === "several";
    const button = make("button", { type: "button", class: "button verdict", "data-command": name, ...(toggles ? { "aria-pressed": "false" } : {}) },
      make("kbd", { "aria-hidden": "true" }), make("span", {}, words));
    button.addEventListener("click", () => command(name));
    return button;
  });
  const ahead = make("button", { type: "button", class: "button verdict wide", "data-command": "consequences" },
    make("kbd", { "aria-hidden": "true" }), make("span", {}, "What does each lead to?"));
  ahead.addEventListener("click", () => command("consequences"));
  ahead.hidden = true;
  byId("verdicts").append(...buttons, ahead);
}

function paintCaps() {
  for (const button of document.querySelectorAll("[data-command]")) {
    const name = /** @type {HTMLElement} */ (button).dataset.command ?? "";
    const cap = button.querySelector("kbd");
    if (cap) say(cap, name === "several" ? "⇧" : capOfCommand(name));
  }
  for (const [id, name] of [["replay", "replay"], ["back", "back"]]) {
    const cap = byId(id).querySelector("kbd");
    if (cap) say(cap, capOfCommand(name));
  }
  say(/** @type {HTMLElement} */ (byId("commit").querySelector("kbd")), "Enter");
}

function buildPad() {
  if (!hello) return;
  pad = makePad(hello.words.action, hello.task, (meant) => {
    if (!("changed" in meant)) take({ at: performance.now(), meant });
  });
  byId("pad").replaceChildren(pad.element);
  byId("pad").dataset.kind = pad.kind;
  compose([], false);
}

// ----------------------------------------------------------------------------- the start

for (const name of ["help", "settings"]) {
  byId(name).addEventListener("click", (event) => {
    // A closed dialog gives the focus back to what had it before.
    if (event.detail > 0) stage.focus({ preventScroll: true });
    command(name);
  });
}
byId("replay").addEventListener("click", () => command("replay"));
byId("back").addEventListener("click", () => command("back"));
byId("commit").addEventListener("click", () => command("commit"));
byId("return").addEventListener("click", () => command("cancel"));
buildVerdicts();
paintCaps();
paintWaiting();
stage.focus({ preventScroll: true });
paintFocus();
api.whenExpired = () => {
  expired = true;
  shown?.clock?.stop();
  present = null;
  place = null;
  shown = null;
  practicing = false;
  document.body.classList.remove("practicing", "looking-back");
  compose([], false);
  paintWaiting();
  paintSaved();
};
begin();

async function begin() {
  hello = await greet();
  header = new Header(hello);
  bars = new Bars(byId("bars"), hello.words.observation);
  timeline = new Timeline(hello.words.step_seconds ?? null, (frame) => player.rest(frame));
  /** @type {HTMLElement} */ (byId("verdicts").querySelector("[data-command=consequences]")).hidden = !hello.consequences;
  buildPad();
  if (practicing) showPractice();
  const opened = outbox.open(boxName());
  queue.fill();
  learnLayout().then(() => {
    paintCaps();
    if (!shown && !collected.length) buildPad();
  });
  await opened;
  await outbox.settled();
  await history.older().catch(() => {});
  paintLast();
}

/** Try until the server answers. */
async function greet() {
  for (;;) {
    try {
      const words = await api.hello();
      queue.lost = false;
      return words;
    } catch (failure) {
      if (!(failure instanceof Refusal && failure.status === 401)) {
        queue.lost = !(failure instanceof Refusal);
        showCard(queue.lost ? cardLost() : cardStarting(/** @type {Error} */ (failure)));
        byId("skeleton").hidden = true;
      }
      await pause(expired ? 3000 : 1500);
      expired = false;
    }
  }
}

/** After the printed address was opened again. */
async function comeBack() {
  if (!hello) return location.reload();
  try {
    await api.hello();
  } catch {
    return;
  }
  expired = false;
  outbox.retry();
  queue.fill();
  goOn();
}
