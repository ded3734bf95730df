/** The connection to the stage: words and pictures in, keys and wishes out. */

const HEARTBEAT = 100; // milliseconds
// Nothing heard for so long while somebody plays: the link is as good as lost.
const LONGEST_SILENCE = 1500; // milliseconds
const FIRST_PATIENCE = 250; // milliseconds, until the next attempt
const LONGEST_PATIENCE = 2000;
// More waiting than this will not be sent in time.
const MOST_WAITING = 16384; // bytes
const LOOK_FOR_FRAMES = 50; // milliseconds between two looks whether frames still come

/**
 * @typedef {{state: string, reason: string, trouble: string, frame: number,
 *   episode: number, steps: number, total_reward: number, rewarded: boolean,
 *   ending: string | null, seconds: number, saved: number, unsaved: number,
 *   kept: number, wanted: number, speed: number, action: number[] | null,
 *   observation: number[], no_picture: string, driver?: "policy" | "person",
 *   policy?: string, policy_action?: number[] | null, uncertainty?: number | null,
 *   person_steps?: number, interventions?: number, undoable?: number, locked?: string,
 *   label_total?: number}} Status
 * @typedef {{name: string, keys: string[], place: string | null, group: number}} Button
 * @typedef {{name: string, unit: string, low: number | null, high: number | null}} Number_
 * @typedef {{name: string, low: number, rest: number, high: number, unit: string,
 *   place: string | null}} Axis
 * @typedef {{task: string, who: string, turns: boolean, buttons: Button[],
 *   groups: string[], words: {observation: Number_[], action: {kind: string}},
 *   folder: string, frames_per_second: number, takeover?: boolean,
 *   drive?: "toggle" | "hold", axes?: Axis[], rewinds?: boolean, stale_after?: number,
 *   undo_seconds?: number, uncertainty?: string, instructions?: string | null}} Hello
 */

export class Link {
  /**
   * @param {{hello: (hello: Hello) => void, status: (status: Status) => void,
   *   role: (role: string) => void, picture: (image: ImageBitmap) => void,
   *   lost: () => void, stale: (stale: boolean) => void,
   *   pulse: () => Record<string, unknown> | null}} heard what comes, and what is
   *   to be said with each beat of the heart
   */
  constructor(heard) {
    this.heard = heard;
    this.playing = false; // whether time goes on over there
    this.freshFor = Infinity; // milliseconds after which a picture is stale
    this.stale = false;
    this.frameAt = performance.now(); // when the newest frame came
    this.drawing = 0; // milliseconds from a frame's coming to its being drawn
    this.seen = 0;
    this.newest = 0;
    /** @type {{data: ArrayBuffer, at: number} | null} */
    this.next = null; // the newest picture that is not decoded yet
    this.decoding = false;
    this.pictures = true;
    this.lost = false;
    this.patience = FIRST_PATIENCE;
    this.last = performance.now();
    /** @type {WebSocket | null} */
    this.socket = null;
    this.over = false;
    this.connect();
    setInterval(() => this.beat(), HEARTBEAT);
    setInterval(() => this.age(), LOOK_FOR_FRAMES);
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/play/socket`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.hear(event.data);
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.lose();
      if (this.over) return;
      setTimeout(() => this.connect(), this.patience);
      this.patience = Math.min(this.patience * 2, LONGEST_PATIENCE);
    };
    this.socket = socket;
  }

  /** @param {string | ArrayBuffer} data */
  hear(data) {
    this.last = performance.now();
    if (typeof data !== "string") {
      this.take(data);
      return;
    }
    const message = JSON.parse(data);
    if (message.kind === "hello") {
      this.lost = false;
      this.patience = FIRST_PATIENCE;
      // Another server may have begun to count again.
      this.newest = this.seen = 0;
      this.next = null;
      this.heard.hello(message);
    } else if (message.kind === "status") {
      this.lost = false;
      this.over = message.state === "done";
      this.pictures = !message.no_picture;
      const playing = message.state === "playing";
      if (playing && !this.playing) this.frameAt = this.last;
      this.playing = playing;
      if (!this.pictures) this.see(message.frame);
      this.heard.status(message);
    } else if (message.kind === "role") {
      this.heard.role(message.role);
    } else {
      console.error(message.error);
    }
  }

  /**
   * Decode a picture, one at a time; of those that come meanwhile only the newest.
   * @param {ArrayBuffer} data
   */
  async take(data) {
    const frame = Number(new DataView(data).getBigUint64(0));
    if (frame < this.newest) return;
    this.arrive(frame);
    this.next = { data, at: performance.now() };
    if (this.decoding) return;
    this.decoding = true;
    while (this.next) {
      const { data: newest, at } = this.next;
      this.next = null;
      await this.look(newest, at);
    }
    this.decoding = false;
  }

  /**
   * @param {ArrayBuffer} data
   * @param {number} at when it came
   */
  async look(data, at) {
    const frame = Number(new DataView(data).getBigUint64(0));
    const bytes = new Uint8Array(data, 8);
    const type = bytes[0] === 0x89 ? "image/png" : "image/jpeg";
    let image;
    try {
      image = await createImageBitmap(new Blob([bytes], { type }));
    } catch {
      return; // A picture that is broken is left out; the next one comes soon.
    }
    this.heard.picture(image);
    image.close();
    this.drawing += (performance.now() - at - this.drawing) / 8;
    this.see(frame);
  }

  /** @param {number} frame */
  arrive(frame) {
    if (frame <= this.newest) return;
    this.newest = frame;
    this.frameAt = performance.now();
    if (this.stale) this.age();
  }

  /** @param {number} frame */
  see(frame) {
    this.arrive(frame);
    if (frame <= this.seen) return;
    this.seen = frame;
    this.send({ kind: "alive", seen: frame });
  }

  /** Say when no new frame comes although time goes on over there, and when one does. */
  age() {
    const late = performance.now() - this.frameAt > this.freshFor;
    const stale = late && this.playing && !this.lost && !this.over;
    if (stale === this.stale) return;
    this.stale = stale;
    this.heard.stale(stale);
  }

  beat() {
    const silent = performance.now() - this.last > LONGEST_SILENCE;
    if (silent && !this.lost && this.playing) this.lose();
    this.send(this.heard.pulse() ?? { kind: "alive", seen: this.seen });
  }

  lose() {
    if (this.over) return;
    this.lost = true;
    this.stale = false;
    this.heard.lost();
  }

  /**
   * Send what is still worth something when it arrives; there is no queue.
   * @param {Record<string, unknown>} message
   */
  send(message) {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MOST_WAITING && message.kind === "alive") return;
    socket.send(JSON.stringify(message));
  }
}
