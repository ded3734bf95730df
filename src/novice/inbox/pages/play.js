/** The page on which a person acts in a task, or watches a policy and takes over. */

import { byId, make, say } from "./elements.js";
import { learnLayout } from "./keys.js";
import { cardFor } from "./play-card.js";
import { Compare } from "./play-compare.js";
import { listKeys, Settings } from "./play-dialogs.js";
import { Game } from "./play-game.js";
import {
  focus, listenToButtons, listenToDialogs, listenToGamepad, listenToKeys, listenToLeaving,
} from "./play-input.js";
import { Keys, mine } from "./play-keys.js";
import { ActionPad } from "./play-pads.js";
import { showNumbers, showTake, showTools } from "./play-show.js";
import { Bars, WORDS } from "./play-words.js";

/** @typedef {import("./play-link.js").Status} Status */

const HINT = 2500; // milliseconds
const DELAY_EVERY = 2000; // milliseconds between two looks how long a message takes
const KEYS_SHOWN = ["pause", "step", "restart", "discard", "keep", "slower", "faster"];
const FINGERS = matchMedia("(hover: none) and (pointer: coarse)");

const canvas = /** @type {HTMLCanvasElement} */ (byId("picture"));
const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
const numbers = /** @type {HTMLDetailsElement} */ (byId("numbers"));

/** @type {Bars[]} */
let bars = [];
/** @type {ActionPad | null} */
let pad = null;
/** @type {Compare | null} */
let compare = null;
/** @type {Settings | null} */
let settings = null;
let card = "";
let hintTimer = 0;

const game = new Game({
  greet,
  show,
  hint,
  remind,
  held: (keys) => pad?.hold(keys),
  news(before) {
    const now = game.status?.policy;
    if (before?.policy && now && before.policy !== now) hint(`${now} drives from now on.`);
  },
  picture(image) {
    if (canvas.width !== image.width || canvas.height !== image.height) {
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.toggleAttribute("data-pixels", image.width <= 320);
    }
    brush.drawImage(image, 0, 0);
  },
});

// They are not kept up to date while nobody can see them.
numbers.addEventListener("toggle", () => game.status && showStatus(game.status));

/** The page was told what the task is. */
function greet() {
  const { hello } = game;
  if (!hello) return;
  document.title = `${hello.task} · novice play`;
  const words = hello.task.split(/(?<=[a-z])(?=[A-Z])/);
  byId("task").replaceChildren(...words.flatMap((word) => [word, make("wbr")]));
  document.body.toggleAttribute("data-turns", hello.turns);
  document.body.toggleAttribute("data-takeover", game.takeover);
  game.keys = new Keys(hello.task, hello.buttons, game.takeover);
  const wait = hello.turns ? ["Period"] : [];
  const real = hello.words.action.kind === "real";
  const keys = [...hello.buttons.flatMap((button) => button.keys), ...wait];
  game.hands.learn(keys, real ? (hello.axes?.length ?? 0) : 0);
  settings = new Settings(hello, game.keys, arrange);
  compare = new Compare(byId("compare"), hello);
  const note = make("p", { class: "note" });
  const large = make("div");
  byId("large-bars").replaceChildren(note, large);
  const names = hello.words.observation;
  bars = [new Bars(byId("bars"), names), new Bars(large, names)];
  arrange();
}

/** Lay out what the person's settings decide. */
function arrange() {
  const { hello, keys } = game;
  if (!hello || !keys) return;
  document.body.dataset.hand = mine.hand;
  document.body.toggleAttribute("data-hold", game.hold);
  pad = new ActionPad(byId("pad"), hello, game.hands, keys, focus);
  listKeys(hello, keys, game.hold);
  say(byId("take-key"), keys.cap("take"));
  for (const name of KEYS_SHOWN) {
    const key = byId(name).querySelector("kbd");
    if (key) say(key, keys.cap(name));
  }
  card = "";
  game.show();
}

function show() {
  const { state, status } = game;
  if (document.body.dataset.state !== state) {
    document.body.dataset.state = state;
    say(byId("state-word"), WORDS[state]);
    byId("state-icon").setAttribute("href", `#icon-${state}`);
    byId("hint").hidden = true;
    if (state !== "connecting") say(byId("aloud"), WORDS[state]);
  }
  say(byId("state-more"), moreOf(state));
  if (status) showStatus(status);
  showCard(state);
  showTools(state, status, game.locked);
  showTake(status, game.hold);
}

/** What stands beside the state's word. @param {string} state */
function moreOf(state) {
  if (!game.takeover) return "";
  if (state === "watch") return game.status?.policy ?? "";
  if (state === "drive") return game.hold ? "let go to hand back" : "recorded";
  return state === "stale" || state === "lost" ? "controls locked" : "";
}

/** @param {Status} now */
function showStatus(now) {
  showNumbers(now, game.hello);
  canvas.hidden = Boolean(now.no_picture);
  byId("large-bars").hidden = !now.no_picture;
  numbers.hidden = Boolean(now.no_picture);
  const note = byId("large-bars").querySelector("p");
  if (note) say(note, now.no_picture);
  if (now.no_picture) bars[1]?.show(now.observation);
  else if (numbers.open) bars[0]?.show(now.observation);
  const acts = game.takeover ? now.driver === "person" : game.playing || game.hands.count > 0;
  const actions = {
    mine: acts ? now.action : null,
    policy: game.takeover ? (now.policy_action ?? null) : null,
  };
  pad?.show(actions);
  compare?.show(now, actions);
}

/** What one presses for the controls, in words. */
function whatTakes() {
  return FINGERS.matches ? "the large button" : (game.keys?.cap("take") ?? "Space");
}

/** @param {string} state */
function showCard(state) {
  const how = { hold: game.hold, takeCap: whatTakes() };
  const { title, text, buttons } = cardFor(state, game.hello, game.status, how);
  byId("card").hidden = !title;
  say(byId("card-title"), title);
  say(byId("card-text"), text);
  const now = buttons.map((each) => each.join(":")).join("|");
  if (now === card) return;
  card = now;
  byId("card-buttons").replaceChildren(
    ...buttons.map(([words, key, act], place) => {
      const cap = key && game.keys ? make("kbd", {}, game.keys.cap(key)) : null;
      const looks = { class: place ? "button" : "button first", type: "button" };
      return make("button", { ...looks, click: () => press(act) }, cap, words);
    }),
  );
}

/** A button of the card was pressed. @param {string} act */
function press(act) {
  if (act === "take") game.change();
  else game.wish(act === "here" ? "take" : act);
  focus();
}

/** An action key while the policy drives does nothing; say what would. */
function remind() {
  const what = whatTakes();
  const how = game.hold ? `Hold ${what} to drive yourself.` : `Use ${what} to take the controls.`;
  hint(`The policy drives. ${how}`);
}

/** @param {string} words */
function hint(words) {
  say(byId("hint"), words);
  say(byId("aloud"), words);
  byId("hint").hidden = false;
  clearTimeout(hintTimer);
  hintTimer = setTimeout(() => {
    byId("hint").hidden = true;
  }, HINT);
}

/** How long a message takes there and back, and a picture until it is drawn. */
async function measureDelay() {
  if (!game.takeover || !game.linked || document.hidden || game.state === "done") return;
  const began = performance.now();
  try {
    const signal = AbortSignal.timeout(DELAY_EVERY - 100);
    await fetch("/static/icon.svg", { method: "HEAD", cache: "no-store", signal });
    const delay = performance.now() - began + game.link.drawing;
    say(byId("delay"), `delay ${Math.round(delay)} ms`);
  } catch {
    say(byId("delay"), "");
  }
}
setInterval(measureDelay, DELAY_EVERY);

listenToKeys(game);
listenToLeaving(game);
listenToButtons(game);
const gamepad = listenToGamepad(game, {
  pad: () => pad,
  changed: (name) => settings?.showGamepad(name),
});
listenToDialogs(game, () => settings?.showGamepad(gamepad.name));
learnLayout().then(arrange);
focus();
