/** The numbers of a real action: what they are called, and between what they lie. */

const LARGEST_BOUND = 1e6; // Beyond it lies somebody's way to write infinity.
const UNBOUNDED = 3; // half-ranges that a slider shows of a number without bounds
const MOST_PAIRED = 6; // More numbers than this are sliders only.

/**
 * `from` and `to` are the ends of what is shown; `low` and `high` are never passed.
 * @typedef {{index: number, name: string, unit: string, low: number, high: number,
 *   from: number, to: number, zero: number}} Part
 */

/**
 * @param {any} action the words of the task's actions
 * @returns {Part[]}
 */
export function numbersOf(action) {
  return action.low.map((/** @type {unknown} */ _, /** @type {number} */ index) => {
    const low = bound(action.low[index], -Infinity);
    const high = bound(action.high[index], Infinity);
    const bounded = Number.isFinite(low) && Number.isFinite(high);
    const center = action.center?.[index] ?? (bounded ? (low + high) / 2 : 0);
    const half = action.half_range?.[index] ?? (bounded ? (high - low) / 2 : 1);
    return {
      index,
      name: action.names?.[index] || `number ${index}`,
      unit: action.units?.[index] ?? "",
      low,
      high,
      from: Number.isFinite(low) ? low : center - UNBOUNDED * half,
      to: Number.isFinite(high) ? high : center + UNBOUNDED * half,
      zero: Math.min(Math.max(0, low), high),
    };
  });
}

/** @param {number | null} value @param {number} none */
function bound(value, none) {
  return value === null || value === undefined || Math.abs(value) >= LARGEST_BOUND ? none : value;
}

/** Inside its bounds, in as many digits as a float32 keeps. @param {Part} part @param {number} value */
export function clipped(part, value) {
  const tidy = Math.abs(value) < 1e-6 * (part.to - part.from) ? 0 : Number(value.toPrecision(6));
  return Math.min(Math.max(tidy, part.low), part.high);
}

/** How far from one end to the other. @param {Part} part @param {number} value */
export function shareOf(part, value) {
  return Math.min(Math.max((value - part.from) / (part.to - part.from), 0), 1);
}

/** From -1 at the low end over 0 at rest to 1 at the high end. @param {Part} part @param {number} value */
export function tiltOf(part, value) {
  const far = value < part.zero ? part.zero - part.from : part.to - part.zero;
  return far > 0 ? Math.min(Math.max((value - part.zero) / far, -1), 1) : 0;
}

/** The other way round. @param {Part} part @param {number} tilt */
export function tilted(part, tilt) {
  return part.zero + tilt * (tilt < 0 ? part.zero - part.from : part.to - part.zero);
}

const ACROSS = /\b(left|right|across|sideways|steer\w*|horizontal\w*|x)\b/i;
// A left hip is the one on the left; it does not move to the left.
const LEFTWARDS = /\bleft(wards)?$/i;
const DOWNWARDS = /\bdown(wards)?\b/i;

/**
 * Which two numbers are one point in a plane, and in which direction they grow: who
 * pushes to the left, moves to the left.
 * @param {Part[]} numbers
 */
export function pairsOf(numbers) {
  if (numbers.length > MOST_PAIRED) return [];
  return Array.from({ length: Math.floor(numbers.length / 2) }, (_, pair) => {
    const [first, second] = numbers.slice(2 * pair, 2 * pair + 2);
    const turned = ACROSS.test(second.name) && !ACROSS.test(first.name);
    const [across, along] = turned ? [second, first] : [first, second];
    return {
      across,
      along,
      mirrored: LEFTWARDS.test(across.name),
      sunk: DOWNWARDS.test(along.name) && !/\bup/i.test(along.name),
    };
  });
}
