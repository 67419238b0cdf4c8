// The WebSocket of the class's pages: it comes back automatically, after random pauses that grow.

import { backoff } from "./backoff.js";
import { isFinal } from "./close-codes.js";

const CONNECT_MS = 10_000;    // until the server has let us in
const STABLE_MS = 5_000;      // a connection that lasted this long was a success
const PING_MS = 2_000;
const LATE_MS = 1_000;        // after this time a missing pong is worth telling
const PONG_MS = 15_000;
const WAKE_MS = 3_000;        // the same for a phone that was just unlocked: its connection has often died meanwhile

/**
 * A connection that is "connecting", "open", "waiting" (to reconnect) or "ended".
 *
 * `opened()` and `received(message)` are called as the names say, `changed(state, details)` when the state changes,
 * `measured(milliseconds, late)` for each round trip, and while one takes long.
 */
export class ClassConnection {
  state = "ended";
  #url;
  #calls;
  #socket = null;
  #openedAt = Infinity;
  #failures = 0;
  #deadline;
  #pulse;
  #retry;
  #sentAt = null;     // when the ping was sent whose pong has not arrived yet
  #patience = PONG_MS;

  constructor(url, calls) {
    this.#url = url;
    this.#calls = calls;
  }

  connect() {
    this.#forget();
    this.#openedAt = Infinity;
    const socket = (this.#socket = new WebSocket(this.#url));
    socket.onopen = () => {
      this.#openedAt = performance.now();
      this.#calls.opened();
    };
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = (event) => this.#closed(event);
    this.#deadline = setTimeout(() => this.abandon("no response"), CONNECT_MS);
    this.#enter("connecting");
  }

  /** The server has let us in. With `pings` it answers application-level pings. */
  ready(pings) {
    clearTimeout(this.#deadline);
    this.#enter("open");
    if (pings && this.#pulse === undefined) this.#beat();
  }

  /** Send an object as JSON. Return whether there was a connection to send it on. */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** The phone was unlocked, or its network came back: do not wait for a timer. */
  wake() {
    if (this.state === "waiting") this.connect();
    if (this.state !== "open" || this.#pulse === undefined) return;
    this.#sentAt = null;
    this.#patience = WAKE_MS;
    clearTimeout(this.#pulse);
    this.#beat();
  }

  /** Give up a connection that is silent: close() alone would wait for an answer. */
  abandon(reason) {
    this.#drop();
    this.#closed({ code: 1006, reason });
  }

  /** End the connection, and do not come back before `connect()`. */
  end(reason = "") {
    this.#drop(1000, reason);
    this.#forget();
    this.#enter("ended", { own: true });
  }

  #received(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (message?.type !== "pong") return this.#calls.received(message ?? {});
    if (this.#sentAt === null) return;
    this.#calls.measured(performance.now() - this.#sentAt, false);
    this.#sentAt = null;
    this.#patience = PONG_MS;
    clearTimeout(this.#pulse);
    this.#pulse = setTimeout(() => this.#beat(), PING_MS);
  }

  #beat() {
    const waited = this.#sentAt === null ? 0 : performance.now() - this.#sentAt;
    if (waited >= this.#patience) return this.abandon(`no pong within ${this.#patience / 1000} s`);
    if (this.#sentAt === null) {
      this.#sentAt = performance.now();
      this.send({ type: "ping" });
    } else {
      this.#calls.measured(waited, true);
    }
    this.#pulse = setTimeout(() => this.#beat(), LATE_MS);
  }

  #closed({ code, reason }) {
    const opened = this.#openedAt !== Infinity;
    if (performance.now() - this.#openedAt > STABLE_MS) this.#failures = 0;
    this.#forget();
    if (isFinal(code)) return this.#enter("ended", { code, reason, opened });
    const wait = backoff(this.#failures);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.connect(), wait);
    this.#enter("waiting", { code, reason, opened, wait });
  }

  #drop(...how) {
    if (this.#socket === null) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(...how);
  }

  #forget() {
    [this.#deadline, this.#pulse, this.#retry].forEach(clearTimeout);
    this.#pulse = undefined;
    this.#sentAt = null;
    this.#patience = PONG_MS;
    this.#socket = null;
  }

  #enter(state, details = {}) {
    this.state = state;
    this.#calls.changed(state, details);
  }
}
