/** Talk to the server that the page came from. */

/** An answer of the server that isn't a success; `message` is its sentence. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} sentence
   */
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

const PATIENCE = 15_000; // milliseconds

export class Api {
  #csrf = "";

  /** Called when the server no longer knows who we are. */
  whenExpired = () => {};

  /** Who is asked, what about, and in which words. */
  async hello() {
    const hello = await this.#json("/api/hello", {});
    this.#csrf = hello.csrf;
    return hello;
  }

  /**
   * @param {{want: number, holding: number[], release: number[]}} wish
   */
  lease(wish) {
    return this.#post("/api/lease", wish);
  }

  /** @param {object[]} answers */
  store(answers) {
    return this.#post("/api/answers", { answers });
  }

  /**
   * @param {number | null} before
   * @param {number} most
   */
  history(before, most) {
    const from = before === null ? "" : `before=${before}&`;
    return this.#json(`/api/history?${from}most=${most}`, {});
  }

  /**
   * A strip of frames with its headers.
   * @param {number} question
   * @param {"clip" | "consequences"} what
   */
  async picture(question, what) {
    const reply = await this.#fetch(`/api/questions/${question}/${what}`, {}, 30_000);
    return { headers: reply.headers, image: await reply.blob() };
  }

  /**
   * What the policy did at this moment.
   * @param {number} question
   */
  async action(question) {
    return (await this.#json(`/api/questions/${question}/action`, {})).action;
  }

  /**
   * Give questions back while the page goes away.
   * @param {number[]} release
   */
  farewell(release) {
    const wish = { want: 0, holding: [], release };
    this.#post("/api/lease", wish, { keepalive: true }).catch(() => {});
  }

  /**
   * @param {string} path
   * @param {object} content
   * @param {RequestInit} [how]
   */
  async #post(path, content, how = {}) {
    const send = () =>
      this.#json(path, {
        ...how,
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Novice-CSRF": this.#csrf },
        body: JSON.stringify(content),
      });
    try {
      return await send();
    } catch (failure) {
      if (!(failure instanceof Refusal && failure.status === 403)) throw failure;
      // The server may have been started anew since the page was opened.
      const before = this.#csrf;
      await this.hello();
      if (this.#csrf === before) throw failure;
      return send();
    }
  }

  /**
   * @param {string} path
   * @param {RequestInit} how
   */
  async #json(path, how) {
    return (await this.#fetch(path, how, PATIENCE)).json();
  }

  /**
   * @param {string} path
   * @param {RequestInit} how
   * @param {number} patience
   */
  async #fetch(path, how, patience) {
    const reply = await fetch(path, {
      ...how,
      credentials: "same-origin",
      signal: AbortSignal.timeout(patience),
    });
    if (reply.ok) return reply;
    if (reply.status === 401) this.whenExpired();
    throw new Refusal(reply.status, await sentenceOf(reply));
  }
}

/** @param {Response} reply */
async function sentenceOf(reply) {
  try {
    return String((await reply.json()).error);
  } catch {
    return `the server answered ${reply.status}`;
  }
}

/** 32 random hex digits; `crypto.randomUUID` is missing on plain http. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {number} milliseconds */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
