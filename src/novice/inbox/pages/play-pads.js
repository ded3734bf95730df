/** The actions on the screen: buttons to hold, and sticks for real numbers. */

import { capOf } from "./keys.js";
import { make } from "./elements.js";

/**
 * @typedef {import("./play-link.js").Hello} Hello
 * @typedef {import("./play-link.js").Button} Button
 * @typedef {import("./play-link.js").Axis} Axis
 * @typedef {import("./play-hands.js").Hands} Hands
 * @typedef {import("./play-keys.js").Keys} Keys
 * @typedef {{number: number, axis: Axis, sign: number, from: number, to: number}} Way
 */

const CROSS = ["left", "right", "up", "down", "fire"];
const ACROSS = ["ArrowLeft", "ArrowRight", "KeyA", "KeyD", "KeyJ", "KeyL", "KeyF", "KeyH"];
const ONWARDS = ["ArrowRight", "KeyD", "KeyL", "KeyH", "ArrowUp", "KeyW", "KeyI", "KeyT"];

/**
 * Where a number lies between its ends, from -1 over 0, its rest, to 1.
 * @param {Axis} axis
 * @param {number} value
 */
export function placeOn({ low, rest, high }, value) {
  const side = value < rest ? rest - low : high - rest;
  return side > 0 ? Math.max(-1, Math.min(1, (value - rest) / side)) : 0;
}

/** Follow one finger or the mouse from where it goes down until it is lifted. */
function follow(element, hands, { down, move, up }) {
  let pointer = -1;
  let grip = -1;
  element.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    if (pointer >= 0 || hands.locked) return;
    pointer = event.pointerId;
    grip = hands.grip;
    element.setPointerCapture(pointer);
    down(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (event.pointerId === pointer && grip === hands.grip) move(event);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    element.addEventListener(end, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = -1;
      up(event, end === "pointerup" && grip === hands.grip);
    });
  }
  element.addEventListener("contextmenu", (event) => event.preventDefault());
}

export class ActionPad {
  /**
   * @param {HTMLElement} root
   * @param {Hello} hello
   * @param {Hands} hands
   * @param {Keys} keys
   * @param {() => void} focus
   */
  constructor(root, hello, hands, keys, focus) {
    this.hello = hello;
    this.hands = hands;
    this.keys = keys;
    this.focus = focus;
    /** @type {{button: Button, element: HTMLElement}[]} */
    this.buttons = [];
    /** @type {{ways: (Way | null)[], policy: HTMLElement, mine: HTMLElement}[]} */
    this.sticks = [];
    const real = hello.axes?.length && hello.words.action.kind === "real";
    if (real) root.replaceChildren(...this.drawSticks(hello.axes ?? []));
    else root.replaceChildren(...this.drawButtons());
    root.dataset.sticks = real ? String(this.sticks.length) : "0";
  }

  // ------------------------------------------------------------------------- buttons

  drawButtons() {
    const { buttons, groups } = this.hello;
    this.buttons = buttons.map((button) => ({ button, element: this.drawButton(button) }));
    const placed = this.buttons.filter(({ button }) => CROSS.includes(button.place ?? ""));
    const places = placed.map(({ button }) => button.place);
    const cross = make("div", { class: `cross ${shape(places)}` });
    for (const { button, element } of placed) element.style.gridArea = button.place ?? "";
    cross.append(...placed.map(({ element }) => element));
    const rest = this.buttons.filter((each) => !placed.includes(each));
    const rows = [...new Set(rest.map(({ button }) => button.group))].map((group) => {
      const members = rest.filter(({ button }) => button.group === group);
      const heading = groups[group] ? make("h3", {}, groups[group]) : null;
      return make("div", { class: "row" }, heading, ...members.map((m) => m.element));
    });
    return [...(placed.length ? [cross] : []), ...rows];
  }

  /** @param {Button} button */
  drawButton(button) {
    const [key] = button.keys;
    const name = capOf(this.keys.codeOfButton(button));
    const label = make("span", { class: name.length > 1 ? "key word" : "key" }, name);
    const words = make("span", { class: "name" }, button.name);
    const element = make("button", { class: "action", type: "button" }, label, words);
    element.tabIndex = -1; // The keyboard has the keys themselves.
    element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.focus();
      element.setPointerCapture(event.pointerId);
      this.hands.press(`finger ${event.pointerId}`, key);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      element.addEventListener(end, (event) => {
        this.hands.lift(`finger ${/** @type {PointerEvent} */ (event).pointerId}`, key);
      });
    }
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    return element;
  }

  // -------------------------------------------------------------------------- sticks

  /** Two numbers a stick, and a slider for the one that is left. @param {Axis[]} axes */
  drawSticks(axes) {
    const drawn = [];
    for (let first = 0; first < axes.length; first += 2) {
      const pair = [first, first + 1].filter((number) => number < axes.length);
      drawn.push(this.drawStick(pair.map((number) => this.wayOf(number))));
    }
    return [make("div", { class: "sticks" }, ...drawn)];
  }

  /** Which way on the screen a number grows. @param {number} number */
  wayOf(number) {
    const axis = /** @type {Axis[]} */ (this.hello.axes)[number];
    const keys = this.keysOf(number);
    const more = keys[1] ?? (number % 2 ? "ArrowUp" : "ArrowRight");
    const way = {
      number,
      axis,
      sign: ONWARDS.includes(more) ? 1 : -1,
      from: axis.low < axis.rest ? -1 : 0,
      to: axis.high > axis.rest ? 1 : 0,
    };
    return { way, across: ACROSS.includes(more) };
  }

  /** The keys for less and for more of a number. @param {number} number */
  keysOf(number) {
    const pair = this.hello.buttons.filter(({ group }) => group === number);
    return pair.map((button) => button.keys[0]);
  }

  /** @param {{way: Way, across: boolean}[]} pair */
  drawStick(pair) {
    const level = pair.find(({ across }) => across) ?? pair[0];
    const upright = pair.find((each) => each !== level) ?? null;
    const ways = [level.way, upright?.way ?? null];
    const policy = make("span", { class: "spot policy", hidden: true });
    const mine = make("span", { class: "spot mine", hidden: true });
    const marks = ways.map((way, place) =>
      way ? make("span", { class: `rest ${place ? "along" : "across"}` }) : null,
    );
    ways.forEach((way, place) => {
      const mark = marks[place];
      if (way && mark) mark.style[place ? "top" : "left"] = `${100 * shareOf(way, 0, place)}%`;
    });
    const field = make("div", { class: "field" }, ...marks, policy, mine);
    const well = make("div", { class: "well" }, ...this.drawCaps(ways), field);
    const names = ways.flatMap((way, place) =>
      way ? [make("span", {}, `${place ? "↕" : "↔"} ${way.axis.name}`)] : [],
    );
    const label = ways.flatMap((way) => (way ? [way.axis.name] : [])).join(" and ");
    const kind = upright ? "stick" : "stick slider";
    const stick = { ways, policy, mine, touched: false };
    this.sticks.push(stick);
    this.listen(well, field, stick);
    return make(
      "div",
      { class: kind, role: "group", "aria-label": `Drag: ${label}` },
      well,
      make("p", { class: "names" }, ...names),
    );
  }

  /** The keys at the ends of a stick. @param {(Way | null)[]} ways */
  drawCaps(ways) {
    return ways.flatMap((way, place) => {
      const buttons = way ? this.hello.buttons.filter(({ group }) => group === way.number) : [];
      if (!way || buttons.length < 2) return [];
      const ends = place ? ["bottom", "top"] : ["left", "right"];
      if (way.sign < 0) ends.reverse();
      return buttons.map((button, end) =>
        make("kbd", { class: `cap ${ends[end]}` }, capOf(this.keys.codeOfButton(button))),
      );
    });
  }

  listen(well, field, stick) {
    const source = `stick ${this.sticks.length}`;
    const to = (/** @type {PointerEvent} */ event) => {
      const box = field.getBoundingClientRect();
      const shares = [
        (event.clientX - box.left) / box.width,
        (event.clientY - box.top) / box.height,
      ];
      /** @type {(number | null)[]} */
      const axes = Array(this.hands.count).fill(null);
      stick.ways.forEach((way, place) => {
        if (way) axes[way.number] = valueAt(way, shares[place], place);
      });
      stick.touched = true;
      this.hands.touch(source, axes);
      this.place(stick, stick.mine, (way) => axes[way.number] ?? 0);
    };
    const end = (/** @type {PointerEvent} */ _, /** @type {boolean} */ lifted) => {
      stick.touched = false;
      // Where the task waits for its player, letting go of a stick takes the turn.
      if (lifted && this.hello.turns) this.hands.changed(this.hands.keys, "Period");
      this.hands.touch(source, null);
    };
    follow(well, this.hands, {
      down: (event) => {
        this.focus();
        to(event);
      },
      move: to,
      up: end,
    });
  }

  /**
   * Move a spot to where the numbers of its stick are.
   * @param {{ways: (Way | null)[]}} stick
   * @param {HTMLElement} spot
   * @param {(way: Way) => number} at
   */
  place({ ways }, spot, at) {
    const [x, y] = ways.map((way, place) => (way ? shareOf(way, at(way), place) : 0.5));
    spot.hidden = false;
    spot.style.transform = `translate(${(100 * x).toFixed(2)}%, ${(100 * y).toFixed(2)}%)`;
  }

  /**
   * Show what is done now: by the person, and by the policy.
   * @param {{mine: number[] | null, policy: number[] | null}} actions
   */
  show({ mine, policy }) {
    for (const stick of this.sticks) {
      if (policy) this.place(stick, stick.policy, (way) => placeOn(way.axis, policy[way.number]));
      else stick.policy.hidden = true;
      if (stick.touched) continue;
      if (mine) this.place(stick, stick.mine, (way) => placeOn(way.axis, mine[way.number]));
      else stick.mine.hidden = true;
    }
    const choose = this.hello.words.action.kind === "discrete" && this.buttons.length > 1;
    this.buttons.forEach(({ element }, place) => {
      element.toggleAttribute("data-acting", choose && mine?.[0] === place);
      element.toggleAttribute("data-policy", choose && policy?.[0] === place);
    });
  }

  /** Light the buttons of the keys that are held. @param {string[]} held */
  hold(held) {
    for (const { button, element } of this.buttons) {
      element.toggleAttribute("data-held", button.keys.some((key) => held.includes(key)));
    }
  }

  /**
   * What a gamepad's sticks mean for the numbers of an action.
   * @param {[number, number][]} sticks
   */
  fromGamepad(sticks) {
    /** @type {(number | null)[]} */
    const axes = Array(this.hands.count).fill(null);
    this.sticks.slice(0, sticks.length).forEach(({ ways }, which) => {
      ways.forEach((way, place) => {
        const value = sticks[which][place];
        if (way && value) axes[way.number] = Math.max(way.from, Math.min(way.to, way.sign * value));
      });
    });
    return axes;
  }
}

/** @param {(string | null)[]} places */
function shape(places) {
  const upright = places.includes("up") || places.includes("down");
  const level = places.includes("left") || places.includes("right");
  return upright && level ? "" : upright ? "tall" : "pair";
}

/**
 * How far from the left or from the top a number is shown.
 * @param {Way} way
 * @param {number} value from -1 to 1
 * @param {number} place 0 for across, 1 for along
 */
function shareOf({ sign, from, to }, value, place) {
  const share = (value - from) / (to - from || 1);
  return (sign > 0) === (place === 0) ? share : 1 - share;
}

/**
 * @param {Way} way
 * @param {number} share
 * @param {number} place
 */
function valueAt({ sign, from, to }, share, place) {
  const within = Math.max(0, Math.min(1, share));
  const along = (sign > 0) === (place === 0) ? within : 1 - within;
  return Math.round((from + along * (to - from)) * 1000) / 1000;
}
