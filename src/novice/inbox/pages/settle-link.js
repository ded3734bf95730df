/** Ask the server for pairs and their pictures, and hand it decisions. */

import { Refusal } from "./api.js";
import { decode } from "./picture.js";

const PATIENCE = 15_000; // milliseconds
const PICTURE_PATIENCE = 30_000;
// So many rows keep their decoded pictures.
const MOST_KEPT = 12;

let csrf = "";
/** What rows look like, the latest last. @type {Map<number, Promise<import("./picture.js").Strip>>} */
const strips = new Map();

export async function hello() {
  const told = await json("/api/hello");
  csrf = told.csrf;
  return told;
}

/** The pairs to settle next, and how far all is. */
export const upcoming = () => json("/api/pairs");

/** What was decided so many decisions before the last. @param {number} back */
export const decided = async (back) => (await json(`/api/decided/${back}`)).decided;

/** @param {{pair: string, choice: string, before: string | null}} decision */
export function decide(decision) {
  return json("/api/decisions", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Novice-CSRF": csrf },
    body: JSON.stringify(decision),
  });
}

/**
 * The frames up to the moment of a row; fetched once.
 * @param {number} row
 */
export function stripOf(row) {
  const known = strips.get(row);
  if (known) return known;
  const found = fetchStrip(row);
  strips.set(row, found);
  found.catch(() => strips.delete(row));
  for (const old of strips.keys()) {
    if (strips.size <= MOST_KEPT) break;
    strips.get(old)?.then((strip) => strip.bitmap.close(), () => {});
    strips.delete(old);
  }
  return found;
}

/** @param {number} row */
async function fetchStrip(row) {
  const reply = await fetched(`/api/rows/${row}/clip`, {}, PICTURE_PATIENCE);
  return decode({ headers: reply.headers, image: await reply.blob() });
}

/** @param {string} path @param {RequestInit} [how] */
async function json(path, how = {}) {
  return (await fetched(path, how, PATIENCE)).json();
}

/** @param {string} path @param {RequestInit} how @param {number} patience */
async function fetched(path, how, patience) {
  const reply = await fetch(path, { ...how, credentials: "same-origin", signal: AbortSignal.timeout(patience) });
  if (reply.ok) return reply;
  const told = await reply.json().catch(() => ({ error: `the server answered ${reply.status}` }));
  throw new Refusal(reply.status, String(told.error));
}
