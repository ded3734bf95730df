/** Show a run's owner who answers, how far it agrees, and what it brings. */

import { byId, make, say, several } from "./elements.js";
import { curve, pointsOf } from "./overview-chart.js";
import {
  actionsTable,
  courseTable,
  duration,
  fixed,
  pairsTable,
  peopleTable,
} from "./overview-tables.js";

const EVERY = 3_000; // milliseconds between two looks
const PATIENCE = 15_000;
// After so many seconds without a sign of life the run is thought to have stopped.
const SIGN_OF_LIFE = 15;
// So many contradictions are shown at first.
const FIRST = 6;

/** @type {any} */
let overview = null;
/** What each part of the page shows, to draw only what has changed. */
const drawn = new Map();
/** Whether every contradiction is shown. */
let all = false;
/** @type {Map<number, Promise<ImageBitmap>>} */
const pictures = new Map();

/**
 * @param {string} name
 * @param {any} content
 * @param {() => void} draw
 */
function when(name, content, draw) {
  const now = JSON.stringify(content);
  if (drawn.get(name) === now) return;
  drawn.set(name, now);
  draw();
}

function show() {
  const { readings } = overview;
  say(byId("task"), overview.task ?? "Overview");
  document.title = `${overview.run} · overview · novice`;
  say(byId("run"), overview.run);
  say(byId("stage"), ` · round ${overview.round} · ${stage()}`);
  byId("simulated").hidden = !overview.simulated;
  byId("answer").hidden = overview.you.role !== "owner";
  say(byId("course-reading"), readings.course);
  say(byId("people-reading"), `${readings.use} ${meaning()}`);
  say(byId("pairs-reading"), readings.everybody);
  say(byId("measuring"), readings.measuring);
  when("figures", figures(), () => fill("figures", ...figures().map(figure)));
  showCourse();
  when("people", [overview.people, overview.answers], showPeople);
  when("pairs", [overview.pairs, measuring()], showPairs);
  when("actions", overview.actions, showActions);
  when("contradictions", overview.contradictions, showContradictions);
}

/** What the run does, in words. */
function stage() {
  if (overview.phase === "finished") return "finished";
  return overview.alive < SIGN_OF_LIFE ? overview.phase : "the run is not at work";
}

/** What the people's columns mean, as far as there is something in them. */
function meaning() {
  const known = (/** @type {string} */ name) =>
    overview.people.some((/** @type {any} */ each) => each[name]);
  const said = [];
  if (known("reliability") && overview.choices) {
    said.push(
      "“Right” is how often an answer is estimated to be right, from gold questions," +
        " shared ones and repeats together.",
    );
  } else if (known("reliability")) {
    said.push(
      "“Scatter” is how far answers lie from what is estimated to be right, in halves of" +
        " an action’s range: less is better.",
    );
  }
  if (known("self_agreement")) {
    said.push(
      "“Same again” is agreement with oneself when asked again: 1 is always, 0 no more" +
        " than by chance.",
    );
  }
  return said.join(" ");
}

/** The run in four numbers: name, number, and what stands below. */
function figures() {
  const { totals, budget, queue, alpha } = overview;
  const open = `${several(queue.open, "question")} open`;
  return [
    [
      "Labels",
      totals.labels.toLocaleString("en"),
      budget.labels === null ? open : `of ${budget.labels.toLocaleString("en")} · ${open}`,
    ],
    [
      "People’s time",
      duration(totals.seconds),
      totals.labels ? `${(totals.seconds / totals.labels).toFixed(1)} s a label` : "no label yet",
    ],
    ["People", String(totals.people), invited()],
    [
      "Agreement",
      alpha ? fixed(alpha.value) : "–",
      alpha
        ? `alpha [${alpha.ci95.map(fixed).join(", ")}]`
        : "not measured yet",
    ],
  ];
}

function invited() {
  const may = overview.people.filter((/** @type {any} */ each) => !each.revoked);
  return `${may.length} may come in`;
}

/** @param {string[]} content */
function figure([name, number, below]) {
  return make(
    "div",
    {},
    make("dt", {}, name),
    make("dd", { class: "number" }, number),
    make("dd", { class: "quiet" }, below),
  );
}

/** Whether people's agreement is being measured for the first time. */
function measuring() {
  return overview.measured_until < 0 && overview.totals.labels > 0;
}

function showCourse() {
  const against = /** @type {HTMLInputElement} */ (
    document.querySelector("[name=against]:checked")
  ).value === "labels"
    ? "labels"
    : "minutes";
  const points = pointsOf(overview.course, against);
  const place = byId("chart");
  const width = Math.max(280, Math.round(place.clientWidth));
  when("chart", [points, against, width, overview.readings.course], () => {
    const says = overview.readings.course;
    if (points.length) place.replaceChildren(curve(points, { width, against, says }));
    else place.replaceChildren(nothing("No curve yet."));
  });
  byId("against").hidden = points.length === 0;
  byId("course-numbers").hidden = overview.course.length === 0;
  when("course", overview.course, () => fill("course-table", courseTable(overview.course)));
}

function showPeople() {
  if (overview.people.length) fill("people", peopleTable(overview));
  else fill("people", nothing("Nobody was invited yet."));
}

function showPairs() {
  if (overview.pairs.length) fill("pairs", pairsTable(overview.pairs));
  else if (measuring()) fill("pairs");
  else fill("pairs", nothing("No two people have answered the same moment yet."));
}

function showActions() {
  byId("actions-card").hidden = overview.actions.length === 0;
  fill("actions", actionsTable(overview.actions));
}

function showContradictions() {
  const found = overview.contradictions;
  const shared = overview.pairs.length > 0;
  say(
    byId("contradictions-reading"),
    found.length
      ? "The moments that people judge most differently. Look at them together: a sentence" +
          " in the instructions about each is worth more than many labels."
      : shared
        ? "Wherever two people answered the same moment, they said the same."
        : "Moments that two people judge differently will stand here.",
  );
  fill("contradictions", ...found.slice(0, all ? found.length : FIRST).map(contradiction));
  byId("more").hidden = all || found.length <= FIRST;
  say(byId("more"), `Show all ${found.length}`);
}

/** @param {any} found */
function contradiction(found) {
  const where = `Visit ${found.visit + 1}, step ${found.step}`;
  const canvas = /** @type {HTMLCanvasElement} */ (
    make("canvas", { role: "img", "aria-label": `The moment: ${where}`, width: "3", height: "2" })
  );
  const frame = make("div", { class: "frame" }, canvas);
  picture(found.question).then(
    (image) => {
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.getContext("2d")?.drawImage(image, 0, 0);
    },
    () => frame.replaceChildren(make("p", { class: "quiet" }, "No picture of this moment.")),
  );
  return make(
    "li",
    {},
    frame,
    make("p", { class: "quiet" }, `${where} · question ${found.question}`),
    make(
      "dl",
      { class: "said" },
      ...found.said.map((/** @type {any} */ each) =>
        make("div", {}, make("dt", {}, each.who), make("dd", {}, each.says)),
      ),
    ),
  );
}

/**
 * The moment itself: the last frame of a question's clip.
 * @param {number} question
 */
function picture(question) {
  const known = pictures.get(question);
  if (known) return known;
  const found = lastFrame(question);
  pictures.set(question, found);
  found.catch(() => pictures.delete(question));
  return found;
}

/** @param {number} question */
async function lastFrame(question) {
  const reply = await fetch(`/api/questions/${question}/clip`, {
    signal: AbortSignal.timeout(30_000),
  });
  if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
  const [frames, width, height] = ["X-Frames", "X-Width", "X-Height"].map((name) =>
    Number(reply.headers.get(name)),
  );
  return createImageBitmap(await reply.blob(), 0, (frames - 1) * height, width, height);
}

/** @param {string} words */
function nothing(words) {
  return make("p", { class: "nothing quiet" }, words);
}

/**
 * @param {string} id
 * @param {...Node} children
 */
function fill(id, ...children) {
  byId(id).replaceChildren(...children);
}

/**
 * @param {"live" | "offline" | "out"} state
 * @param {string} words
 */
function tell(state, words) {
  byId("live").dataset.state = state;
  say(byId("live-text"), words);
}

/** Ask once; whether it makes sense to ask again. */
async function look() {
  let reply;
  try {
    reply = await fetch("/api/overview", { signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    tell("offline", overview ? "Offline: these are older numbers" : "Offline");
    return true;
  }
  if (reply.status === 401 || reply.status === 403) {
    tell("out", (await reply.json()).error);
    return false;
  }
  if (!reply.ok) {
    tell("offline", `The server answered ${reply.status}; trying again`);
    return true;
  }
  overview = await reply.json();
  tell("live", measuring() ? "Live · measuring agreement" : "Live");
  byId("main").hidden = false;
  byId("loading").hidden = true;
  show();
  return true;
}

async function goOn() {
  const again = document.hidden ? true : await look();
  if (again) setTimeout(goOn, EVERY);
}

byId("more").addEventListener("click", () => {
  const next = byId("contradictions").children.length;
  all = true;
  showContradictions();
  const found = /** @type {HTMLElement} */ (byId("contradictions").children[next]);
  found.tabIndex = -1;
  found.focus();
});
byId("against").addEventListener("change", () => overview && showCourse());
new ResizeObserver(() => overview && showCourse()).observe(byId("chart"));
goOn();
