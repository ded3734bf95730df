/** Numbers as people read them, with a true minus. */

/**
 * With as many decimals as its size deserves; they line up below each other.
 * @param {number} value
 */
export function fixed(value) {
  const size = Math.abs(value);
  if (size >= 100_000) return signed(value.toExponential(1));
  return signed(value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3));
}

/**
 * In three digits, without decimals that say nothing.
 * @param {number} value
 */
export function short(value) {
  const size = Math.abs(value);
  if (size >= 100_000) return signed(value.toExponential(1));
  return signed(String(Number(size >= 1000 ? value.toFixed(0) : value.toPrecision(3))));
}

/** @param {string} text */
function signed(text) {
  return text.replace(/^-(?=[0.]*$)/, "").replace("-", "−");
}
