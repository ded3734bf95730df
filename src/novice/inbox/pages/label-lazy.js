/** Parts of the page that are fetched when they are first needed. */

/** @type {Map<string, Promise<any>>} */
const fetched = new Map();

/** @type {Record<string, () => Promise<any>>} */
const PARTS = {
  consequences: () => import("./consequences.js"),
  dialogs: () => import("./dialogs.js"),
  "label-gamepad": () => import("./label-gamepad.js"),
  "label-practice": () => import("./label-practice.js"),
  "label-run": () => import("./label-run.js"),
  "pad-choices": () => import("./pad-choices.js"),
  "pad-real": () => import("./pad-real.js"),
  "pad-rows": () => import("./pad-rows.js"),
};
const PLAIN = ["label-gamepad", "pad-choices", "pad-rows"]; // They bring no style of their own.

/**
 * The module of this name, once its style is there too.
 * @param {keyof typeof PARTS} name
 */
export function part(name) {
  const known = fetched.get(name);
  if (known) return known;
  const style = PLAIN.includes(name) ? null : sheet(name);
  const coming = Promise.all([PARTS[name](), style]).then(([module]) => module);
  fetched.set(name, coming);
  // After a failure it is tried again.
  coming.catch(() => fetched.delete(name));
  return coming;
}

/** Fetch what may be needed later, so that it is there without the server too. */
export function fetchAhead() {
  for (const name of ["dialogs", "label-run", "consequences"]) part(name).catch(() => {});
}

/** @param {string} name */
function sheet(name) {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = `/static/${name}.css`;
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      reject(new Error("a part of the page did not come"));
    };
    document.head.append(link);
  });
}
