/** The connection to the stage: words and pictures in, keys and wishes out. */

const HEARTBEAT = 100; // milliseconds
// Nothing heard for so long while somebody plays: the link is as good as lost.
const LONGEST_SILENCE = 1500; // milliseconds
const FIRST_PATIENCE = 250; // milliseconds, until the next attempt
const LONGEST_PATIENCE = 2000;
// More waiting than this will not be sent in time.
const MOST_WAITING = 16384; // bytes

/**
 * @typedef {{state: string, reason: string, trouble: string, frame: number,
 *   episode: number, steps: number, total_reward: number, rewarded: boolean,
 *   ending: string | null, seconds: number, saved: number, unsaved: number,
 *   kept: number, wanted: number, speed: number, action: number[] | null,
 *   observation: number[], no_picture: string}} Status
 * @typedef {{name: string, keys: string[], place: string | null, group: number}} Button
 * @typedef {{name: string, unit: string, low: number | null, high: number | null}} Number_
 * @typedef {{task: string, who: string, turns: boolean, buttons: Button[],
 *   groups: string[], words: {observation: Number_[], action: {kind: string}},
 *   folder: string}} Hello
 */

export class Link {
  /**
   * @param {{hello: (hello: Hello) => void, status: (status: Status) => void,
   *   role: (role: string) => void, picture: (image: ImageBitmap) => void,
   *   lost: () => void}} heard
   */
  constructor(heard) {
    this.heard = heard;
    this.playing = false; // whether time goes on over there
    this.seen = 0;
    this.newest = 0;
    this.pictures = true;
    this.lost = false;
    this.patience = FIRST_PATIENCE;
    this.last = performance.now();
    /** @type {WebSocket | null} */
    this.socket = null;
    this.over = false;
    this.connect();
    setInterval(() => this.beat(), HEARTBEAT);
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
      this.look(data);
      return;
    }
    const message = JSON.parse(data);
    if (message.kind === "hello") {
      this.lost = false;
      this.patience = FIRST_PATIENCE;
      this.heard.hello(message);
    } else if (message.kind === "status") {
      this.lost = false;
      this.over = message.state === "done";
      this.pictures = !message.no_picture;
      if (!this.pictures) this.see(message.frame);
      this.heard.status(message);
    } else if (message.kind === "role") {
      this.heard.role(message.role);
    } else {
      console.error(message.error);
    }
  }

  /**
   * Decode a picture; one that is overtaken meanwhile is not shown.
   * @param {ArrayBuffer} data
   */
  async look(data) {
    const frame = Number(new DataView(data).getBigUint64(0));
    const bytes = new Uint8Array(data, 8);
    this.newest = Math.max(this.newest, frame);
    const type = bytes[0] === 0x89 ? "image/png" : "image/jpeg";
    const image = await createImageBitmap(new Blob([bytes], { type }));
    if (frame >= this.newest) this.heard.picture(image);
    image.close();
    this.see(frame);
  }

  /** @param {number} frame */
  see(frame) {
    if (frame <= this.seen) return;
    this.seen = frame;
    this.send({ kind: "alive", seen: frame });
  }

  beat() {
    const silent = performance.now() - this.last > LONGEST_SILENCE;
    if (silent && !this.lost && this.playing) this.lose();
    this.send({ kind: "alive", seen: this.seen });
  }

  lose() {
    if (this.over) return;
    this.lost = true;
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
