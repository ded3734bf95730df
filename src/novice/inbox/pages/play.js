/** The page on which a person acts in a task. */

import { byId, make, say, several } from "./elements.js";
import { Hands } from "./play-hands.js";
import { Link } from "./play-link.js";
import { Bars, clock, keyName, plain } from "./play-words.js";

/**
 * @typedef {import("./play-link.js").Status} Status
 * @typedef {import("./play-link.js").Hello} Hello
 * @typedef {import("./play-link.js").Button} Button
 */

const WORDS = {
  connecting: "Connecting",
  ready: "Ready",
  playing: "Playing",
  paused: "Paused",
  lost: "Link lost",
  over: "Over",
  done: "Done",
  watching: "Watching",
};
const ENDINGS = {
  terminated: "The episode is over",
  truncated: "Time is up",
  cut: "Ended here",
};
const ACROSS = ["left", "right", "up", "down", "fire"];

const stage = byId("stage");
const canvas = /** @type {HTMLCanvasElement} */ (byId("picture"));
const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
const help = /** @type {HTMLDialogElement} */ (byId("keys"));

/** @type {Hello | null} */
let hello = null;
/** @type {Status | null} */
let status = null;
let role = "play";
let linked = false;
/** @type {Bars[]} */
let bars = [];
/** @type {{button: Button, element: HTMLElement}[]} */
let pad = [];
let card = "";

const hands = new Hands((keys, pressed) => {
  for (const { button, element } of pad) {
    element.toggleAttribute("data-held", button.keys.some((key) => keys.includes(key)));
  }
  if (role !== "play" || !status) return;
  const seen = link.seen;
  if (pressed && hello?.turns) {
    link.send({ kind: "pressed", key: pressed, keys, seen });
    return;
  }
  link.send({ kind: "held", keys, seen });
  if (pressed && ["ready", "paused"].includes(status.state)) wish("go");
});

const link = new Link({
  hello(content) {
    linked = true;
    greet(content);
    show();
  },
  status(content) {
    linked = true;
    status = content;
    link.playing = content.state === "playing";
    show();
  },
  role(content) {
    role = content;
    show();
  },
  picture(image) {
    if (canvas.width !== image.width || canvas.height !== image.height) {
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.toggleAttribute("data-pixels", image.width <= 320);
    }
    brush.drawImage(image, 0, 0);
  },
  lost() {
    linked = false;
    hands.letGo();
    show();
  },
});

/**
 * @param {string} what
 * @param {string} [why]
 */
function wish(what, why) {
  // What is held all along counts again when it goes on.
  if (what === "go") link.send({ kind: "held", keys: hands.keys, seen: link.seen });
  link.send({ kind: "wish", wish: what, ...(why ? { why } : {}) });
}

/** @param {Hello} content */
function greet(content) {
  hello = content;
  document.title = `${content.task} · novice play`;
  say(byId("task"), content.task);
  byId("speed-cell").hidden = content.turns;
  const wait = content.turns ? ["Period"] : [];
  hands.learn([...content.buttons.flatMap((button) => button.keys), ...wait]);
  drawPad(content);
  listKeys(content);
  const names = content.words.observation;
  const note = make("p", { class: "note" });
  const large = make("div");
  byId("large-bars").replaceChildren(note, large);
  bars = [new Bars(byId("bars"), names), new Bars(large, names)];
}

/** @param {Hello} content */
function drawPad({ buttons, groups }) {
  pad = buttons.map((button) => ({ button, element: actionButton(button) }));
  const placed = pad.filter(({ button }) => ACROSS.includes(button.place ?? ""));
  const places = placed.map(({ button }) => button.place);
  const cross = make("div", { class: `cross ${shape(places)}` });
  for (const { button, element } of placed) element.style.gridArea = button.place ?? "";
  cross.append(...placed.map(({ element }) => element));
  const rest = pad.filter((each) => !placed.includes(each));
  const rows = [...new Set(rest.map(({ button }) => button.group))].map((group) => {
    const members = rest.filter(({ button }) => button.group === group);
    const heading = groups[group] ? make("h3", {}, groups[group]) : null;
    return make("div", { class: "row" }, heading, ...members.map((m) => m.element));
  });
  byId("pad").replaceChildren(...(placed.length ? [cross] : []), ...rows);
}

/** @param {(string | null)[]} places */
function shape(places) {
  const upright = places.includes("up") || places.includes("down");
  const level = places.includes("left") || places.includes("right");
  return upright && level ? "" : upright ? "tall" : "pair";
}

/** @param {Button} button */
function actionButton(button) {
  const [key] = button.keys;
  const name = keyName(key);
  const label = make("span", { class: name.length > 1 ? "key word" : "key" }, name);
  const words = make("span", { class: "name" }, button.name);
  const element = make("button", { class: "action", type: "button" }, label, words);
  element.tabIndex = -1; // The keyboard has the keys themselves.
  element.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    stage.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    hands.press(`finger ${event.pointerId}`, key);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    element.addEventListener(end, (event) => {
      hands.lift(`finger ${/** @type {PointerEvent} */ (event).pointerId}`, key);
    });
  }
  element.addEventListener("contextmenu", (event) => event.preventDefault());
  return element;
}

/** @param {Hello} content */
function listKeys({ buttons, turns, words }) {
  const real = words.action.kind === "real";
  const rows = [
    ...buttons.map(({ keys, name }) => [keys.map(keyName), name]),
    ...(real ? [[["Shift"], "hold: a third as strong"]] : []),
    ...(turns ? [[["."], "let a turn go by"]] : []),
    [["Space"], "begin, go on"],
    [["P"], "pause, go on"],
    [["R"], "throw this attempt away and begin the same episode again"],
    [["Backspace"], "discard this episode"],
    [["Enter"], "keep this episode, and on to the next"],
    ...(turns ? [] : [[["−", "="], "slower, faster"]]),
  ];
  byId("keys-list").replaceChildren(
    ...rows.flatMap(([keys, meaning]) => [
      make("dt", {}, .../** @type {string[]} */ (keys).map((key) => make("kbd", {}, key))),
      make("dd", {}, /** @type {string} */ (meaning)),
    ]),
  );
}

/** The state as the page shows it, which knows more than the stage: is it in sight? */
function stateShown() {
  if (status?.state === "done") return "done";
  if (!linked) return status ? "lost" : "connecting";
  if (!status) return "connecting";
  return role === "watch" ? "watching" : status.state;
}

function show() {
  const state = stateShown();
  if (document.body.dataset.state !== state) {
    document.body.dataset.state = state;
    say(byId("state-word"), WORDS[state]);
    byId("state-icon").setAttribute("href", `#icon-${state}`);
    if (state !== "connecting") say(byId("aloud"), WORDS[state]);
  }
  if (status) showNumbers(status);
  showCard(state);
  showTools(state);
}

/** @param {Status} now */
function showNumbers(now) {
  const wanted = now.wanted ? ` of ${now.wanted}` : "";
  say(byId("episode"), `episode ${Math.max(now.episode, 1)}${wanted}`);
  say(byId("return"), now.rewarded ? plain(now.total_reward) : now.steps ? "none" : "–");
  say(byId("steps"), now.steps.toLocaleString("en"));
  say(byId("time"), clock(now.seconds));
  say(byId("speed"), `${plain(now.speed)}×`);
  showSaved(now);
  const trouble = byId("trouble");
  trouble.hidden = !now.trouble;
  say(trouble, now.trouble);
  canvas.hidden = Boolean(now.no_picture);
  byId("large-bars").hidden = !now.no_picture;
  byId("numbers").hidden = Boolean(now.no_picture);
  const note = byId("large-bars").querySelector(".note");
  if (note) say(/** @type {HTMLElement} */ (note), now.no_picture);
  if (now.no_picture) bars[1]?.show(now.observation);
  else bars[0]?.show(now.observation);
  const kind = hello?.words.action.kind;
  pad.forEach(({ element }, place) => {
    const acting = kind === "discrete" && pad.length > 1 && now.action?.[0] === place;
    element.toggleAttribute("data-acting", acting && now.state === "playing");
  });
}

/** @param {Status} now */
function showSaved({ saved, unsaved, trouble }) {
  const failed = Boolean(trouble) && unsaved > 0;
  const state = failed ? "failed" : unsaved ? "saving" : saved ? "saved" : "quiet";
  byId("saved").dataset.state = state;
  // In real time a step or two is always on the way; that is no news.
  const moving = unsaved > 5 && !failed ? `, saving ${unsaved}` : "";
  const lost = failed ? `, ${unsaved} not saved` : "";
  const words = `Saved ${several(saved, "step")}${moving}${lost}`;
  say(byId("saved-text"), saved || unsaved ? words : "Nothing to save yet");
}

/** @param {string} state */
function showCard(state) {
  const { title, text, buttons } = cardFor(state);
  const place = byId("card");
  place.hidden = !title;
  say(byId("card-title"), title);
  say(byId("card-text"), text);
  const now = buttons.map(([words]) => words).join("|");
  if (now === card) return;
  card = now;
  byId("card-buttons").replaceChildren(
    ...buttons.map(([words, key, act], place) =>
      make(
        "button",
        {
          class: place ? "button" : "button first",
          type: "button",
          click: () => {
            act();
            stage.focus({ preventScroll: true });
          },
        },
        ...(key ? [make("kbd", {}, key)] : []),
        words,
      ),
    ),
  );
}

/**
 * @param {string} state
 * @returns {{title: string, text: string, buttons: [string, string, () => void][]}}
 */
function cardFor(state) {
  const none = { title: "", text: "", buttons: [] };
  if (!hello || !status) return { ...none, title: "Connecting to the task" };
  const keys = hello.buttons.map((button) => keyName(button.keys[0])).join(" ");
  if (state === "ready") {
    const how = hello.turns ? "Each key press is one step." : "";
    return {
      title: `Press ${keys.length < 24 ? keys : "an action key"} to begin`,
      text: status.reason || how,
      buttons: [],
    };
  }
  if (state === "paused") {
    const goOn = () => wish("go");
    return {
      title: "Paused: nothing is recorded",
      text: status.reason,
      buttons: [["Go on", "Space", goOn]],
    };
  }
  if (state === "lost") {
    return {
      title: "The link is lost: nothing is recorded",
      text: "Trying to reach the task again. If this lasts, look at the terminal.",
      buttons: [],
    };
  }
  if (state === "watching") {
    return {
      title: "Another page is playing",
      text: "One page has the controls; this one watches.",
      buttons: [["Play here instead", "", () => wish("take")]],
    };
  }
  if (state === "done") {
    return {
      title: `Done: ${several(status.kept, "episode")} kept`,
      text: `${several(status.saved, "step")} saved in ${hello.folder}. The terminal says what to type next; you can close this page.`,
      buttons: [],
    };
  }
  return state === "over" ? overCard(status) : none;
}

/** @param {Status} now */
function overCard(now) {
  const reward = now.rewarded ? `Return ${plain(now.total_reward)}` : "No reward";
  const last = now.wanted && now.kept >= now.wanted;
  /** @type {[string, string, () => void][]} */
  const buttons = [[last ? "Keep and finish" : "Keep, next", "Enter", () => wish("keep")]];
  if (now.ending) buttons.push(["Discard", "⌫", () => wish("discard")]);
  return {
    title: now.reason || ENDINGS[now.ending ?? "cut"],
    text: `${reward} · ${several(now.steps, "step")} · ${clock(now.seconds)}`,
    buttons,
  };
}

/** @param {string} state */
function showTools(state) {
  const begun = Boolean(status?.steps) || state === "playing" || state === "paused";
  const here = ["ready", "playing", "paused", "over"].includes(state);
  const going = state === "playing" || state === "paused";
  const able = {
    pause: going,
    restart: here && begun,
    discard: here && begun,
    keep: state === "over" || (going && Boolean(status?.steps)),
    finish: here,
    slower: here,
    faster: here,
  };
  for (const [id, can] of Object.entries(able)) {
    /** @type {HTMLButtonElement} */ (byId(id)).disabled = !can;
  }
  const words = byId("pause").querySelector("span");
  if (words) say(words, state === "paused" ? "Go on" : "Pause");
}

const togglePause = () => wish(status?.state === "playing" ? "pause" : "go");

/** @type {Record<string, () => void>} */
const COMMANDS = {
  Space: () => wish("go"),
  KeyP: togglePause,
  KeyR: () => wish("restart"),
  Backspace: () => wish("discard"),
  Enter: () => wish("keep"),
  Minus: () => wish("slower"),
  Equal: () => wish("faster"),
  Escape: () => wish("pause"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
  if (document.activeElement !== stage) {
    if (event.code === "Escape") stage.focus({ preventScroll: true });
    return;
  }
  const command = COMMANDS[event.code];
  const acts = hands.acting.has(event.code);
  if (!acts && !command) {
    if (event.key === "?") help.showModal();
    return;
  }
  event.preventDefault();
  if (event.repeat || role !== "play") return;
  if (acts) hands.press("keyboard", event.code);
  else command();
});
document.addEventListener("keyup", (event) => hands.lift("keyboard", event.code));

/** Out of sight or without the keyboard, nobody plays. */
function rest() {
  hands.letGo();
  if (status?.state === "playing" && role === "play") wish("pause", "hidden");
}
addEventListener("blur", rest);
addEventListener("pagehide", rest);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) rest();
});
stage.addEventListener("blur", () => hands.letGo());

/** @type {[string, () => void][]} */
const CLICKS = [
  ["pause", togglePause],
  ["restart", () => wish("restart")],
  ["discard", () => wish("discard")],
  ["keep", () => wish("keep")],
  ["finish", () => wish("stop")],
  ["slower", () => wish("slower")],
  ["faster", () => wish("faster")],
];
for (const [id, act] of CLICKS) {
  byId(id).addEventListener("click", () => {
    act();
    stage.focus({ preventScroll: true });
  });
}
byId("help").addEventListener("click", () => {
  rest();
  help.showModal();
});
help.addEventListener("close", () => stage.focus({ preventScroll: true }));

stage.focus({ preventScroll: true });
