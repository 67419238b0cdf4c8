// Messages on their way to the server: one at a time, sent again until the server says that it has stored it.
// With two under way, a retry of the first could arrive after the second.

import { randomHex, remember, remembered } from "./keep.js";
import { mark, show } from "./log.js";

const MOST = 100;             // messages that wait
const ACK_MS = 20_000;
const PAUSE_MS = 100;         // after "rate-limited" and the like; doubled each time, until a message is stored
const LONGEST_PAUSE_MS = 5_000;
const AGAIN = new Set(["rate-limited", "not-stored", "hub-lost", "not-in-a-room"]);

const prefix = randomHex(8);  // a copy of this tab has the same session, and must not use the same ids
let made = 0;
let waiting = [];             // { room, id, text, row }, in order
let underWay = null;          // the one that was sent, and has no reply yet
let room = null;              // the room that we are in now, or null
let pause = 0;
let timer;
let post, giveUp;

/** Send through `send(message)`; call `abandon(reason)` if the server does not reply. Show what a reload has kept. */
export function startOutbox(send, abandon) {
  [post, giveUp] = [send, abandon];
  const kept = remembered().waiting;
  if (Array.isArray(kept)) kept.filter(isMessage).forEach(list);
}

/** Send a message to a room as soon as we are in it. Return false if too many wait already. */
export function sendLater(to, text) {
  if (waiting.length >= MOST) {
    show("event", `Not sent: ${MOST} messages are waiting already.`);
    return false;
  }
  made += 1;
  list({ room: to, id: `${prefix}-${made}`, text });
  save();
  next();
  return true;
}

/** We are in a room, or (null) in none: what was under way then is sent again when we are back. */
export function nowIn(name) {
  clearTimeout(timer);
  if (underWay) mark(underWay.row, "waiting");
  [underWay, room, pause] = [null, name, name === room ? pause : 0];
  next();
}

/** Take note of an acknowledgement or an error. Return whether it was about the message under way. */
export function replied({ type, id, code }, raw) {
  if (underWay === null || id !== underWay.id) return false;
  clearTimeout(timer);
  if (type === "error" && AGAIN.has(code)) {
    mark(underWay.row, "waiting");
    underWay = null;
    pause = Math.min(LONGEST_PAUSE_MS, 2 * pause || PAUSE_MS);
    timer = setTimeout(next, pause);
  } else {
    finish(type === "ack" ? "stored" : "refused", raw);
    pause = 0;
    next();
  }
  return true;
}

/** Give up the message under way, because the server can't take it. */
export function refuse() {
  if (underWay) finish("refused");
}

function next() {
  if (underWay || room === null) return;
  clearTimeout(timer);
  underWay = waiting.find((one) => one.room === room) ?? null;
  if (underWay === null) return;
  mark(underWay.row, "sent");
  post(asMessage(underWay));
  timer = setTimeout(giveUp, ACK_MS, `the message was not acknowledged within ${ACK_MS / 1000} s`);
}

function finish(state, raw) {
  clearTimeout(timer);
  mark(underWay.row, state, raw);
  waiting = waiting.filter((one) => one !== underWay);
  underWay = null;
  save();
}

function list(one) {
  one.row = show("sent", one.text, asMessage(one));
  mark(one.row, "waiting");
  waiting.push(one);
}

function save() {
  remember({ waiting: waiting.map(({ row, ...one }) => one) });
}

function isMessage(one) {
  return ["room", "id", "text"].every((name) => typeof one?.[name] === "string");
}

function asMessage({ text, id }) {
  return JSON.stringify({ type: "room-message", message: text, id });
}
