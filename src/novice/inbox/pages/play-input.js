/** Listen to the keyboard, the gamepad and the buttons of the page. */

import { byId, say } from "./elements.js";
import { undoable } from "./play-card.js";
import { shortName } from "./play-dialogs.js";
import { Pad } from "./play-gamepad.js";

/** @typedef {import("./play-game.js").Game} Game */

const help = /** @type {HTMLDialogElement} */ (byId("keys"));
const settings = /** @type {HTMLDialogElement} */ (byId("settings-dialog"));
const stage = byId("stage");

export const focus = () => stage.focus({ preventScroll: true });
export const isOpen = () => help.open || settings.open;

/** @param {Game} game */
export function listenToKeys(game) {
  /** The action key that a key is, as the person set them. @param {string} code */
  const meant = (code) => {
    if (code.startsWith("Shift")) return code;
    const stepping = game.takeover && game.status?.state === "paused";
    const waits = game.hello?.turns && code === "Period" && !stepping;
    return game.keys?.acting.get(code) ?? (waits ? code : null);
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isOpen()) return;
    if (document.activeElement !== stage) {
      if (event.code !== "Escape") return;
      game.command("stop");
      focus();
      return;
    }
    const key = meant(event.code);
    const code = event.code === "NumpadEnter" ? "Enter" : event.code;
    const name = game.keys?.commandOf(code);
    if (!key && !name) {
      if (event.key === "?") help.showModal();
      return;
    }
    event.preventDefault();
    if (event.repeat || game.role !== "play") return;
    if (key) game.hands.press("keyboard", key);
    else if (name === "take") game.grab("keyboard", true);
    else if (name) game.command(name);
  });
  document.addEventListener("keyup", (event) => {
    const key = meant(event.code);
    if (key) game.hands.lift("keyboard", key);
    if (game.keys?.commandOf(event.code) === "take") game.grab("keyboard", false);
  });
}

/** Let go when the page is left. @param {Game} game */
export function listenToLeaving(game) {
  const rest = () => game.rest(isOpen());
  addEventListener("blur", rest);
  addEventListener("pagehide", rest);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) rest();
  });
  stage.addEventListener("blur", (event) => {
    const { relatedTarget } = event;
    // Who presses a button beside the picture is still there.
    const near = relatedTarget instanceof Node && byId("main").contains(relatedTarget);
    if (near) game.hands.letGo();
    else game.letGo();
  });
}

/**
 * @param {Game} game
 * @param {{pad: () => import("./play-pads.js").ActionPad | null,
 *   changed: (name: string) => void}} page
 */
export function listenToGamepad(game, { pad, changed }) {
  const { hands } = game;
  /** The key of the button that lies there, if one does. @param {string} place */
  const keyAt = (place) =>
    hands.count ? null : game.hello?.buttons.find((each) => each.place === place)?.keys[0];
  /** The button A: as Space, and at an episode's end as Enter. */
  const take = (/** @type {boolean} */ down) => {
    if (down && game.status?.state === "over") game.command("keep");
    else game.grab("gamepad", down);
  };
  return new Pad({
    grip: () => hands.grip,
    press(place) {
      const key = keyAt(place);
      if (key && !isOpen()) hands.press("gamepad", key);
    },
    lift(place) {
      const key = keyAt(place);
      if (key) hands.lift("gamepad", key);
    },
    sticks(sticks) {
      if (!hands.count || isOpen()) return;
      hands.touch("gamepad", sticks && (pad()?.fromGamepad(sticks) ?? null));
    },
    command(name, down) {
      if (isOpen()) return;
      if (name === "take") take(down);
      else if (down) game.command(name);
    },
    changed(name) {
      changed(name);
      say(byId("gamepad"), name ? `gamepad: ${shortName(name)}` : "");
      if (name) game.page.hint(`${shortName(name)} is ready.`);
    },
  });
}

const TOOLS = ["pause", "step", "restart", "discard", "keep", "slower", "faster"];

/** @param {Game} game */
export function listenToButtons(game) {
  for (const id of TOOLS) {
    byId(id).addEventListener("click", () => {
      const back = game.takeover && game.status && undoable(game.status);
      // Who presses a button that says “Discard” means it.
      if (id === "discard" && !back) game.wish("discard");
      else game.command(id);
      focus();
    });
  }
  // Under a finger, as fast as it can be.
  byId("halt").addEventListener("pointerdown", () => game.command("stop"));
  byId("halt").addEventListener("click", () => {
    game.command("stop");
    focus();
  });
  byId("finish").addEventListener("click", () => {
    game.wish("stop");
    focus();
  });
  listenToTake(game);
  listenToFull(game);
}

/** The large button with which the controls change hands. @param {Game} game */
function listenToTake(game) {
  const take = byId("take");
  take.addEventListener("click", () => {
    if (!game.hold) game.grab("button", true);
    focus();
  });
  take.addEventListener("pointerdown", (event) => {
    if (!game.hold) return;
    event.preventDefault();
    focus();
    take.setPointerCapture(event.pointerId);
    game.grab("button", true);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    take.addEventListener(end, () => game.grab("button", false));
  }
  take.addEventListener("contextmenu", (event) => event.preventDefault());
}

/** @param {Game} game */
function listenToFull(game) {
  const full = byId("full");
  full.hidden = !document.fullscreenEnabled;
  full.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else {
      const refused = () => game.page.hint("This browser refused the full screen.");
      byId("main").requestFullscreen().catch(refused);
    }
    focus();
  });
  document.addEventListener("fullscreenchange", () => {
    const words = document.fullscreenElement ? "Leave full screen" : "Full screen";
    full.setAttribute("aria-label", words);
    focus();
  });
}

/**
 * @param {Game} game
 * @param {() => void} opened
 */
export function listenToDialogs(game, opened) {
  /** @type {[string, HTMLDialogElement][]} */
  const dialogs = [["help", help], ["settings", settings]];
  for (const [id, box] of dialogs) {
    byId(id).addEventListener("click", () => {
      box.showModal();
      game.rest(true);
      opened();
    });
    box.addEventListener("close", focus);
  }
}
