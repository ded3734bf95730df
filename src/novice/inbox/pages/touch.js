/** Fingers on the picture: swipe left to skip, tap with two fingers to go back. */

const FAR = 60; // pixels
const QUICK = 350; // milliseconds

/**
 * @param {HTMLElement} stage
 * @param {{skip: () => void, back: () => void}} act
 */
export function listenToFingers(stage, act) {
  /** @type {Map<number, {x: number, y: number, at: number}>} */
  const down = new Map();
  let fingers = 0;
  let moved = false;

  stage.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch" || isControl(event.target)) return;
    down.set(event.pointerId, { x: event.clientX, y: event.clientY, at: event.timeStamp });
    fingers = Math.max(fingers, down.size);
  });
  stage.addEventListener("pointerup", (event) => {
    const start = down.get(event.pointerId);
    if (!start) return;
    down.delete(event.pointerId);
    const across = event.clientX - start.x;
    const along = event.clientY - start.y;
    moved ||= Math.hypot(across, along) > 20;
    if (down.size) return;
    const quick = event.timeStamp - start.at < QUICK;
    if (fingers === 2 && !moved && quick) act.back();
    else if (fingers === 1 && across < -FAR && Math.abs(along) < -across / 2) act.skip();
    fingers = 0;
    moved = false;
  });
  stage.addEventListener("pointercancel", (event) => {
    down.delete(event.pointerId);
    moved = true;
    if (down.size) return;
    fingers = 0;
    moved = false;
  });
}

/** @param {EventTarget | null} target */
function isControl(target) {
  return target instanceof Element && target.closest("button, a, input") !== null;
}
