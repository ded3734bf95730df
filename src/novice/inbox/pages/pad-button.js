/** The button of one choice. */

import { make, say } from "./elements.js";

/**
 * @param {HTMLElement} button
 * @param {boolean} chosen
 * @param {boolean} before whether it was the answer that stands
 */
export function mark(button, chosen, before) {
  button.setAttribute("aria-pressed", String(chosen));
  button.classList.toggle("was", before);
  const note = /** @type {HTMLElement} */ (button.querySelector(".note"));
  if (note) say(note, before ? "your answer" : "");
}

/** @param {HTMLElement} button */
export function flash(button) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const accent = getComputedStyle(button).getPropertyValue("--tint");
  button.animate([{ background: accent }, {}], { duration: 220 });
}

/** @param {string} name @param {string[]} caps */
export function choiceButton(name, caps) {
  return make(
    "button",
    { type: "button", class: "button choice", "aria-pressed": "false" },
    make("span", { class: "caps", "aria-hidden": "true" }, ...caps.map((cap) => make("kbd", {}, cap))),
    make("span", { class: "name" }, name),
    make("span", { class: "note" }),
  );
}
