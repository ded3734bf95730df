/** The dialogs: which keys there are, the run's instructions, and the settings. */

import { make } from "./elements.js";
import { COMMANDS, capOf, capOfCommand, codeOf, commandOf, isForeign, mainCode } from "./keys.js";
import { keepSettings, settings } from "./settings.js";

/**
 * @param {string} title
 * @param {Node[]} content
 */
function open(title, content) {
  const heading = make("h2", { id: "dialog-title", tabindex: "-1" }, title);
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { "aria-labelledby": "dialog-title" },
    make("header", { class: "dialog-top" }, heading,
      make("button", { type: "button", class: "button plain close", "aria-label": "Close", click: () => dialog.close() }, "×")),
    ...content));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  heading.focus();
  return dialog;
}

/** @param {string[]} caps @param {string} words */
function keyRow(caps, words) {
  return make("div", { class: "key-row" },
    make("dt", {}, ...caps.map((cap) => make("kbd", {}, cap))), make("dd", {}, words));
}

/** @param {[string[], string][]} usage the keys of the pad */
export function showHelp(usage) {
  const cap = capOfCommand;
  const answer = [
    ...usage,
    [["Shift", "+ key"], "also acceptable: collects; a plain key or Enter answers with all"],
    [[cap("wrong"), "then key"], "this one is wrong, though I don’t know what is right"],
    [[cap("unsure")], "I can’t tell"],
    [[cap("any")], "any action is fine here"],
    [[cap("skip")], "skip: somebody else will be asked (on touch: swipe left)"],
    [[cap("report")], "the picture is broken: take it out"],
  ];
  const look = [
    [[cap("replay")], "play the clip again"],
    [[cap("consequences")], "what each action leads to; answering works from there"],
    [[cap("back"), "⌫"], "back through all your answers, to change one (two-finger tap)"],
    [["Esc"], "drop what was begun; back to the present question; back to the keys"],
    [["?"], "this list"],
    [[cap("instructions")], "the run’s instructions"],
  ];
  const list = (rows) => make("dl", { class: "key-list" }, ...rows.map(([caps, words]) => keyRow(caps, words)));
  const note = "Keys act while the picture’s frame is colored. A new answer never overwrites the old one: both are kept, the newest counts.";
  return open("Keys", [
    make("h3", {}, "Answer"), list(answer), make("h3", {}, "Look and go back"), list(look),
    make("p", { class: "quiet" }, note),
  ]);
}

/** @param {string | null} instructions */
export function showInstructions(instructions) {
  const words = instructions ?? "This run came without instructions. Answer with the action that you would take at the moment on which the clip rests.";
  return open("Instructions", [make("p", { class: "instructions" }, words)]);
}

/**
 * @param {{task: string, choices: {name: string, keys?: string[]}[]}} about
 * @param {() => void} changed
 */
export function showSettings(about, changed) {
  const message = make("p", { class: "key-message", role: "status" });
  const rows = make("div", { class: "key-settings" });
  const store = () => {
    keepSettings();
    changed();
    paint();
  };
  const shortcuts = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", id: "shortcuts", checked: settings.shortcuts }));
  shortcuts.addEventListener("change", () => {
    settings.shortcuts = shortcuts.checked;
    store();
  });
  const hands = ["right", "left"].map((hand) => {
    const radio = make("input", { type: "radio", name: "hand", id: `hand-${hand}`, checked: settings.hand === hand });
    radio.addEventListener("change", () => {
      settings.hand = /** @type {"right" | "left"} */ (hand);
      store();
    });
    return make("label", { class: "check", for: `hand-${hand}` }, radio, `${hand} hand`);
  });

  /** @param {string} name @param {() => string} code @param {(code: string) => string | null} set */
  function keySetting(name, code, set) {
    const button = make("button", { type: "button", class: "button key-button", "aria-label": `Key of ${name}: ${capOf(code())}` }, make("kbd", {}, capOf(code()) || "–"));
    button.addEventListener("click", () => {
      button.replaceChildren("press a key …");
      const listen = (/** @type {KeyboardEvent} */ event) => {
        if (isForeign(event) || /^(Shift|Tab)/.test(event.code)) return;
        event.preventDefault();
        event.stopPropagation();
        stop();
        const problem = event.code === "Escape" ? null : set(mainCode(event.code));
        message.textContent = problem ?? "";
        if (!problem && event.code !== "Escape") store();
        else paint();
      };
      const stop = () => {
        button.removeEventListener("keydown", listen);
        button.removeEventListener("blur", leave);
      };
      const leave = () => {
        stop();
        paint();
      };
      button.addEventListener("keydown", listen);
      button.addEventListener("blur", leave);
    });
    return make("div", { class: "key-setting" }, make("span", {}, name), button);
  }

  const own = () => (settings.choices[about.task] ??= {});

  /** @param {string} code @param {string | null} command @param {number | null} choice */
  function conflict(code, command, choice) {
    const other = commandOf(code);
    if (other && other !== command) return `${capOf(code)} is already ${COMMANDS[other]?.name ?? "taken"}.`;
    const index = about.choices.findIndex((each, at) => at !== choice && (own()[at] === code || each.keys?.includes(code)));
    return index >= 0 ? `${capOf(code)} is already ${about.choices[index].name}.` : null;
  }

  function paint() {
    const focused = [...rows.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    const choices = about.choices.map((choice, index) =>
      keySetting(choice.name, () => own()[index] ?? choice.keys?.[0] ?? "", (code) => {
        const problem = conflict(code, null, index);
        if (!problem) own()[index] = code;
        return problem;
      }));
    const commands = Object.entries(COMMANDS).map(([name, { name: words }]) =>
      keySetting(words, () => codeOf(name), (code) => {
        const problem = conflict(code, name, null);
        if (!problem) settings.keys[name] = code;
        return problem;
      }));
    rows.replaceChildren(...choices, ...commands);
    rows.querySelectorAll("button")[focused]?.focus();
  }
  paint();
  const reset = make("button", { type: "button", class: "button" }, "All keys as they were");
  reset.addEventListener("click", () => {
    settings.keys = {};
    delete settings.choices[about.task];
    message.textContent = "";
    store();
  });
  return open("Settings", [
    make("label", { class: "check", for: "shortcuts" }, shortcuts, "Single keys answer (off: buttons only)"),
    make("fieldset", {}, make("legend", {}, "Buttons on a touch screen at the"), ...hands),
    make("h3", {}, "Keys"), message, rows, reset,
    make("p", { class: "quiet" }, "Kept in this browser."),
  ]);
}
