/** The lesson's pictures: a cart, flags, fog. */

const WIDE = 240;
const HIGH = 160;
const FRAMES = 10;
const GROUND = 122;
const SKY = "#f4f6f7";
const EARTH = "#c9cdd1";
const INK = "#22262b";
const CART = "#0072b2";
const FLAG = "#d55e00";

/**
 * Where flags stand (-1 left, 1 right), and what hides them.
 * @typedef {{words: string, flags: number[], fog?: boolean, rail?: boolean, run?: boolean}} Picture
 */

/**
 * A short clip in which the cart rolls to the middle.
 * @param {Picture} picture
 * @returns {Promise<import("./picture.js").Strip>}
 */
export async function drawnStrip(picture) {
  const frames = picture.run ? 1 : FRAMES;
  const canvas = document.createElement("canvas");
  canvas.width = WIDE;
  canvas.height = HIGH * frames;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  for (let frame = 0; frame < frames; frame++) {
    context.setTransform(1, 0, 0, 1, 0, HIGH * frame);
    if (picture.run) drawRun(context);
    else drawScene(context, picture, WIDE / 2 + 3 * (frame - frames + 1));
  }
  return {
    bitmap: await createImageBitmap(canvas), frames, width: WIDE, height: HIGH, rate: 20, every: 0, headers: new Headers(),
  };
}

/** @param {CanvasRenderingContext2D} context @param {Picture} picture @param {number} x */
function drawScene(context, picture, x) {
  fill(context, SKY, 0, 0, WIDE, HIGH);
  fill(context, EARTH, 0, GROUND, WIDE, HIGH - GROUND);
  if (picture.rail) fill(context, INK, 0, GROUND - 2, WIDE, 3);
  for (const side of picture.flags) drawFlag(context, WIDE / 2 + 84 * side);
  drawCart(context, x, GROUND, 1);
  if (!picture.fog) return;
  for (const side of [-1, 1]) {
    const fog = context.createLinearGradient(WIDE / 2 + 34 * side, 0, WIDE / 2 + 70 * side, 0);
    fog.addColorStop(0, "rgb(150 156 162 / 0%)");
    fog.addColorStop(1, "rgb(150 156 162)");
    context.fillStyle = fog;
    context.fillRect(side < 0 ? 0 : WIDE / 2, 0, WIDE / 2, HIGH);
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} x */
function drawFlag(context, x) {
  fill(context, INK, x - 1, GROUND - 48, 3, 48);
  context.fillStyle = FLAG;
  context.beginPath();
  context.moveTo(x + 2, GROUND - 48);
  context.lineTo(x + 26, GROUND - 39);
  context.lineTo(x + 2, GROUND - 30);
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} ground @param {number} size */
function drawCart(context, x, ground, size) {
  context.fillStyle = CART;
  context.beginPath();
  context.roundRect(x - 20 * size, ground - 26 * size, 40 * size, 18 * size, 4 * size);
  context.fill();
  for (const side of [-1, 1]) disc(context, INK, x + 11 * side * size, ground - 6 * size, 6 * size);
}

/** Five frames below each other's time: the outer ones marked, the others filled in. */
function drawRun(context) {
  fill(context, SKY, 0, 0, WIDE, HIGH);
  for (let frame = 0; frame < 5; frame++) {
    const left = 8 + 46 * frame;
    const marked = frame === 0 || frame === 4;
    context.lineWidth = 2;
    context.strokeStyle = marked ? CART : "#7b8087";
    context.setLineDash(marked ? [] : [4, 3]);
    context.strokeRect(left, 40, 40, 52);
    drawCart(context, left + 12 + 4 * frame, 82, 0.45);
    diamond(context, left + 20, 112, marked);
  }
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {boolean} whole */
function diamond(context, x, y, whole) {
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(x, y - 7);
  context.lineTo(x + 7, y);
  context.lineTo(x, y + 7);
  context.lineTo(x - 7, y);
  context.closePath();
  context.fillStyle = CART;
  if (whole) context.fill();
  else context.stroke();
}

function fill(context, color, ...box) {
  context.fillStyle = color;
  context.fillRect(...box);
}

function disc(context, color, x, y, radius) {
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
