/** Draw what people's time brings: the return with its interval, as an SVG. */

const NAMESPACE = "http://www.w3.org/2000/svg";
const HEIGHT = 280;
const ROOM = { top: 16, right: 20, bottom: 44, left: 58 };

/**
 * An SVG element with attributes and children; strings become text.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/**
 * @typedef {{x: number, mean: number, low: number, high: number, says: string}} Point
 */

/**
 * The rounds that have a return, as points of a curve.
 * @param {any[]} course
 * @param {"minutes" | "labels"} against
 * @returns {Point[]}
 */
export function pointsOf(course, against) {
  return course
    .filter((round) => round.return && (round.return.mean || round.return.ci95.some(Boolean)))
    .map((round) => {
      const minutes = round.human_seconds / 60;
      const [low, high] = round.return.ci95;
      const says =
        `${round.labels.toLocaleString("en")} labels, ${short(minutes)} min:` +
        ` return ${short(round.return.mean)} [${short(low)}, ${short(high)}]`;
      return {
        x: against === "minutes" ? minutes : round.labels,
        mean: round.return.mean,
        low,
        high,
        says,
      };
    });
}

/**
 * The curve, as wide as its place.
 * @param {Point[]} points
 * @param {{width: number, against: "minutes" | "labels", says: string}} how
 */
export function curve(points, { width, against, says }) {
  const across = scale(spanOf(points.map((each) => each.x), 0), ROOM.left, width - ROOM.right);
  const ends = points.flatMap((each) => [each.low, each.high]);
  const up = scale(spanOf(ends), HEIGHT - ROOM.bottom, ROOM.top);
  const picture = svg("svg", {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    width,
    height: HEIGHT,
    role: "img",
    "aria-labelledby": "curve-title curve-says",
  });
  const axis = against === "minutes" ? "minutes of people’s time" : "labels";
  picture.append(
    svg("title", { id: "curve-title" }, `Return against ${axis}`),
    svg("desc", { id: "curve-says" }, says),
    ...grid(across, up, width, axis),
    band(points, across, up),
    svg("polyline", {
      class: "line",
      points: points.map((each) => `${across.at(each.x)},${up.at(each.mean)}`).join(" "),
    }),
    ...points.map((each) => mark(each, across, up)),
  );
  return picture;
}

/**
 * A number between two others, and how sure it is, on a line.
 * @param {{value: number, ci95: number[]}} told
 * @param {number} most
 */
export function interval(told, most = 1) {
  const at = (/** @type {number} */ value) =>
    4 + (112 * Math.min(Math.max(value, 0), most)) / most;
  const [low, high] = told.ci95;
  return svg(
    "svg",
    { viewBox: "0 0 120 16", width: 120, height: 16, class: "interval", "aria-hidden": "true" },
    svg("line", { class: "track", x1: 4, x2: 116, y1: 8, y2: 8 }),
    svg("line", { class: "reach", x1: at(low), x2: at(high), y1: 8, y2: 8 }),
    svg("circle", { class: "dot", cx: at(told.value), cy: 8, r: 4.5 }),
  );
}

/**
 * A number in few characters, with a real minus sign.
 * @param {number} value
 */
export function short(value) {
  const text =
    Math.abs(value) >= 100
      ? Math.round(value).toLocaleString("en")
      : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}

/**
 * @param {ReturnType<typeof scale>} across
 * @param {ReturnType<typeof scale>} up
 * @param {number} width
 * @param {string} axis
 */
function grid(across, up, width, axis) {
  const bottom = HEIGHT - ROOM.bottom;
  const left = ROOM.left - 10;
  return [
    ...up.ticks(4).map((value) =>
      svg(
        "g",
        { class: "tick", transform: `translate(0 ${up.at(value)})` },
        svg("line", { x1: ROOM.left, x2: width - ROOM.right }),
        svg("text", { x: left, dy: "0.32em", "text-anchor": "end" }, short(value)),
      ),
    ),
    ...across.ticks(width < 480 ? 4 : 8).map((value) =>
      svg(
        "text",
        { class: "tick", x: across.at(value), y: bottom + 18, "text-anchor": "middle" },
        short(value),
      ),
    ),
    svg("line", { class: "axis", x1: ROOM.left, x2: width - ROOM.right, y1: bottom, y2: bottom }),
    svg("text", { class: "name", x: width - ROOM.right, y: HEIGHT - 6, "text-anchor": "end" }, axis),
    svg("text", { class: "name", x: 0, y: 11 }, "return"),
  ];
}

/**
 * @param {Point[]} points
 * @param {ReturnType<typeof scale>} across
 * @param {ReturnType<typeof scale>} up
 */
function band(points, across, up) {
  const there = points.map((each) => `${across.at(each.x)},${up.at(each.high)}`);
  const back = points.map((each) => `${across.at(each.x)},${up.at(each.low)}`).reverse();
  return svg("polygon", { class: "band", points: [...there, ...back].join(" ") });
}

/**
 * @param {Point} point
 * @param {ReturnType<typeof scale>} across
 * @param {ReturnType<typeof scale>} up
 */
function mark(point, across, up) {
  const x = across.at(point.x);
  return svg(
    "g",
    { class: "mark" },
    svg("title", {}, point.says),
    svg("line", { x1: x, x2: x, y1: up.at(point.low), y2: up.at(point.high) }),
    svg("circle", { cx: x, cy: up.at(point.mean), r: 4 }),
  );
}

/**
 * From the least to the most, with some room; never nothing.
 * @param {number[]} values
 * @param {number} [least]
 */
function spanOf(values, least = Math.min(...values)) {
  const most = Math.max(...values, least);
  return most > least ? [least, most] : [least - 0.5, least + 0.5];
}

/**
 * Where a value lies between two places.
 * @param {number[]} span
 * @param {number} from
 * @param {number} to
 */
function scale([least, most], from, to) {
  return {
    /** @param {number} value */
    at: (value) =>
      Math.round((from + ((to - from) * (value - least)) / (most - least)) * 10) / 10,
    /** @param {number} count */
    ticks: (count) => ticks(least, most, count),
  };
}

/**
 * Round numbers between two ends.
 * @param {number} least
 * @param {number} most
 * @param {number} count
 */
function ticks(least, most, count) {
  const rough = (most - least) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const found = [];
  for (let n = Math.ceil(least / step); n * step <= most + step * 1e-9; n += 1) {
    found.push(Number((n * step).toPrecision(12)));
  }
  return found;
}
