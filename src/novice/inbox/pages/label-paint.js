/** Paint what the desk says: the picture, the answer in the making, the last answers. */

import { keysAct } from "./label-hands.js";
import { desk, history } from "./label-desk.js";
import { nameOf, signOf } from "./label-words.js";
import { byId, make, say } from "./elements.js";
import { settings } from "./settings.js";

/** The kinds of pads whose choice is only an answer with Enter. */
const ENTERED = ["several", "switches", "real"];

/** @param {any} item */
export function paintPicture(item) {
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
export function paintBefore(before) {
  const back = before !== null && desk.place !== null;
  document.body.classList.toggle("looking-back", back);
  for (const button of byId("verdicts").querySelectorAll("button")) {
    const was = before !== null && (button.dataset.command === before.verdict);
    button.classList.toggle("was", was);
  }
  if (!back) return;
  byId("composed").replaceChildren(`${history.length - desk.place} back: you said `, make("strong", {}, nameOf(before)), ".");
}

export function paintLast() {
  const newest = history.entries.slice(-8).reverse();
  desk.lastAnswers.show(newest.map((entry) => ({ sign: signOf(entry), name: nameOf(entry) })), desk.place === null ? null : history.length - 1 - desk.place);
  /** @type {HTMLButtonElement} */ (byId("back")).disabled = !desk.lesson && !history.length && !history.more;
}

export function paintComposed() {
  const names = desk.collected.map((action) => desk.pad.name(action)).join(" or ");
  const begun = desk.wrong || desk.collecting || desk.collected.length > 0;
  let words = "";
  if (desk.wrong && !desk.collected.length) words = "Which action would be wrong here?";
  else if (desk.wrong) words = `Wrong: ${names}`;
  else if (desk.collected.length) words = `Fine: ${names}`;
  else if (desk.collecting) words = "Choose every action that is fine";
  else if (desk.pad?.kind === "real" && (desk.shown || desk.lesson)) words = desk.pad.said;
  say(byId("composed"), words);
  byId("compose").classList.toggle("begun", begun);
  byId("return").hidden = desk.place === null || begun;
  byId("commit").hidden = !(desk.collected.length || ENTERED.includes(desk.pad?.kind));
  for (const [name, on] of Object.entries({ wrong: desk.wrong, several: desk.collecting })) {
    byId("verdicts").querySelector(`[data-command=${name}]`)?.setAttribute("aria-pressed", String(on));
  }
  document.body.classList.toggle("wrong", desk.wrong);
  paintArrow();
}

/** The chosen numbers over the picture. */
export function paintArrow() {
  desk.arrow?.paint(desk.shown?.strip || desk.lesson ? desk.pad : null);
}

/** @param {string} words */
export function tell(words) {
  say(byId("said"), words);
  if (words) say(byId("aloud"), words);
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => say(byId("said"), ""), 6000);
}
tell.timer = 0;

export function paintFocus() {
  const on = settings.shortcuts && keysAct() && document.hasFocus() && !document.querySelector("dialog[open]");
  document.body.classList.toggle("keys-on", on);
  say(byId("keys-rest"), settings.shortcuts ? "Keys rest. Click here, or press Esc." : "Single keys are off: use the buttons.");
  document.body.dataset.hand = settings.hand;
}
