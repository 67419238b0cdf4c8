// Votes and messages on their way to the class: one at a time, sent again with the same id until the server replies.
// So a vote that was given in a lift arrives later, and counts once.

import { randomHex, remember, remembered } from "./keep.js";

const MOST = 20;              // messages that wait
const ACK_MS = 20_000;
const PAUSE_MS = 250;         // after "rate-limited"; doubled each time, until something is acknowledged
const LONGEST_PAUSE_MS = 5_000;
const AGAIN = new Set(["rate-limited", "not-stored", "hub-lost"]);

const prefix = randomHex(8);
let made = 0;
let waiting = [];             // { type, id, … } as they are sent, in order; a vote also has the epoch of its poll
let underWay = null;          // the one that was sent, and has no reply yet
let here = false;             // whether the server has let us in
let pause = 0;
let timer;
let calls;

/** `send(message)` sends, `abandon(reason)` gives up a silent connection, `settled(message, error)` is told the end. */
export function startOutbox(functions) {
  calls = functions;
  const kept = remembered().outbox;
  if (Array.isArray(kept)) waiting = kept.filter((one) => typeof one?.id === "string" && typeof one.type === "string");
}

/** Vote as soon as possible. A later vote replaces one that still waits. */
export function vote(poll, choice, epoch) {
  waiting = waiting.filter((one) => one === underWay || one.poll !== poll);
  add({ type: "vote", poll, choice, epoch });
}

/** Write on the wall as soon as possible. Return false if too much waits already. */
export function writeLater(message) {
  if (waiting.length >= MOST) return false;
  add({ type: "wall-message", message });
  return true;
}

/** Return the choice that is on its way for this poll, or null. */
export function pendingVote(poll, epoch) {
  return waiting.findLast((one) => one.poll === poll && one.epoch === epoch)?.choice ?? null;
}

/** Return how many messages for the wall are on their way. */
export const messagesWaiting = () => waiting.filter((one) => one.type === "wall-message").length;

/** We are in the class. Votes of an earlier class are dropped, because its polls are gone: return how many. */
export function cameBack(epoch) {
  clearTimeout(timer);
  const count = waiting.length;
  waiting = waiting.filter((one) => one.type !== "vote" || one.epoch === epoch);
  [underWay, here, pause] = [null, true, 0];
  save();
  next();
  return count - waiting.length;
}

/** The connection is lost: what is under way will be sent again. */
export function wentAway() {
  clearTimeout(timer);
  [underWay, here] = [null, false];
}

/** Take note of an acknowledgement or an error. Return whether it was about what is under way. */
export function replied({ type, id, code, message }) {
  if (underWay === null || (id !== underWay.id && !(type === "error" && id == null && AGAIN.has(code)))) return false;
  clearTimeout(timer);
  const one = underWay;
  underWay = null;
  if (type === "error" && AGAIN.has(code)) {
    pause = Math.min(LONGEST_PAUSE_MS, 2 * pause || PAUSE_MS);
    timer = setTimeout(next, pause);
    return true;
  }
  pause = 0;
  waiting = waiting.filter((other) => other !== one);
  save();
  next();
  calls.settled(one, type === "error" ? { code, message } : null);
  return true;
}

/** Forget everything: we are no longer in the class. */
export function emptyOutbox() {
  wentAway();
  waiting = [];
  save();
}

function add(message) {
  made += 1;
  waiting.push({ ...message, id: `${prefix}-${made}` });
  save();
  next();
}

function next() {
  if (underWay !== null || !here || waiting.length === 0) return;
  clearTimeout(timer);
  underWay = waiting.find((one) => one.type === "vote") ?? waiting[0];   // a vote does not wait for the wall
  const { epoch, ...message } = underWay;
  calls.send(message);
  timer = setTimeout(calls.abandon, ACK_MS, `not acknowledged within ${ACK_MS / 1000} s`);
}

function save() {
  remember({ outbox: waiting });
}
