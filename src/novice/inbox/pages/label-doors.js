/** Open what is fetched only when somebody wants it. */

import { answerWaiting, take } from "./label-hands.js";
import { api, desk } from "./label-desk.js";
import { part } from "./label-lazy.js";
import { buildPad, paintCaps } from "./label-build.js";
import { paintComposed, paintFocus, tell } from "./label-paint.js";
import { byId, several } from "./elements.js";
import { capOf, codesOfChoice } from "./keys.js";

/**
 * Do it once the part is there; keys wait meanwhile, and do nothing when it never comes.
 * @param {Parameters<typeof part>[0]} name
 * @param {(module: any) => void | Promise<void>} then
 */
export async function withPart(name, then) {
  desk.busy = true;
  try {
    await then(await part(name));
  } catch (failure) {
    const lost = desk.keys.length ? ` ${several(desk.keys.length, "key")} did nothing.` : "";
    desk.keys = [];
    tell(`This part of the page is not here: ${/** @type {Error} */ (failure).message}.${lost}`);
  } finally {
    desk.busy = false;
  }
  answerWaiting();
}

/** @param {"help" | "instructions" | "settings"} which */
export function openDialog(which) {
  withPart("dialogs", async (dialogs) => {
    const { hello, pad } = desk;
    const stick = pad?.kind === "real" ? (await part("label-gamepad")).stickWords() : null;
    // What was typed meanwhile was typed at the dialog.
    desk.keys = [];
    if (document.querySelector("dialog[open]")) return;
    if (which === "help") dialogs.showHelp(pad);
    else if (which === "instructions") dialogs.showInstructions(hello?.instructions ?? null);
    else dialogs.showSettings({ task: hello?.task ?? "", pad, stick }, settingsChanged);
  });
}

/** @param {boolean} again whether a first visit's lesson is wanted again */
function settingsChanged(again = false) {
  if (!desk.lesson) rebuildPad();
  paintCaps();
  paintFocus();
  if (again) openLesson();
}

/** The pad with the keys as they are now; numbers that were chosen stay. */
function rebuildPad() {
  const chosen = desk.pad?.kind === "real" ? desk.pad.action : null;
  buildPad();
  if (!chosen) return;
  desk.pad.set(chosen);
  paintComposed();
}

/** Five examples, before anything counts. */
export async function openLesson() {
  // No question comes on the screen in between.
  desk.lesson = { take: () => {}, end: () => {} };
  try {
    const { Lesson } = await part("label-practice");
    desk.lesson = new Lesson();
  } catch {
    desk.lesson = null;
  }
}

/** The small pictures of what follows, over the frame. */
export function lookAhead() {
  if (!desk.hello.consequences || !desk.shown) return;
  if (desk.consequences?.open) return desk.consequences.close();
  const item = desk.shown;
  withPart("consequences", ({ Consequences }) => {
    desk.consequences ??= new Consequences(byId("branches"), api, (action, collects) => {
      take({ at: performance.now(), meant: collects ? { collect: action } : { commit: action } });
    });
    if (desk.shown !== item) return;
    const { action } = desk.hello.words;
    desk.consequences.show(item.question.id, {
      name: (/** @type {number[]} */ each) => desk.pad.name(each),
      caps: (/** @type {number[]} */ each) => {
        const keysOf = action.choices?.[each[0]]?.keys ?? [];
        return codesOfChoice(desk.hello.task, each[0], keysOf).slice(0, 1).map(capOf);
      },
    }).then((seen) => (item.looked ||= seen));
  });
}

/** The run of frames of the clip, to be answered at once. */
export function openRun() {
  const item = desk.shown;
  if (!item.strip) return tell("There is no picture, and so no run of frames.");
  if (!item.strip.every) return tell("How the frames of this clip follow each other is not known: answer the moment alone.");
  if (item.strip.frames < 2 || item.question.step < item.strip.every) return tell("The episode has only begun: there is no run of frames yet.");
  withPart("label-run", ({ RunMode }) => {
    if (desk.shown === item) desk.run = new RunMode(item);
  });
}
