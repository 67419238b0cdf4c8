// The page with a server that keeps messages ("resume"): what client.js does differently then. Which message was our
// last is in resume.js, what we send is in outbox.js.

import { backoff } from "./backoff.js";
import { show } from "./log.js";
import { nowIn, refuse, replied, sendLater, startOutbox } from "./outbox.js";
import { isJoined, isNew, isOffset, joined, joinRequest, lastRoom, left } from "./resume.js";

const JOIN_MS = 10_000;
const AGAIN = new Set(["hub-lost", "rate-limited"]);

let page;                // what client.js does for us: send(message, listed), post(text), abandon(reason), enterRoom(name)
let joining = null;      // the room that we have asked for, until the server replies
let failures = 0;        // joins in a row that the server could not carry out
let timer;

export { lastRoom, sendLater };

export function startFeed(functions) {
  page = functions;
  startOutbox(page.post, page.abandon);
}

/** Ask for a room, and for what we have missed of it. */
export function join(room) {
  const request = joinRequest(room);
  if (!page.send(request, { ...request, session: "[not shown]" })) return;
  nowIn(null);
  clearTimeout(timer);
  joining = room;
  timer = setTimeout(page.abandon, JOIN_MS, `no reply to the join within ${JOIN_MS / 1000} s`);
}

/** Leave the room: whatever is said there from now on is not meant for us. */
export function leave() {
  left();
  lost();
}

/** The connection has ended with this close code: what was under way will be sent again, if it can be. */
export function lost(code) {
  clearTimeout(timer);
  joining = null;
  if (code === 1009) refuse();   // too big: it would only be refused again
  nowIn(null);
}

/** Take note of a message from the server. Return true if the page should not list it. */
export function heard(message, data) {
  const { type, id, code, offset } = message ?? {};
  if (type === "room-message" && isOffset(offset)) return !isNew(message);   // we have had it before
  if (type === "ack" && isOffset(offset)) return replied(message, data);
  if (type !== "error") return false;
  if (id !== undefined) return replied(message, data);
  if (joining !== null) clearTimeout(timer);
  if (joining !== null && AGAIN.has(code)) timer = setTimeout(join, backoff(failures++), joining);
  return false;
}

/** After a message was listed: if it is the reply to our join, we are in the room, and what we have missed follows. */
export function arrived(message) {
  if (message?.type !== "joined" || !isJoined(message)) return;
  clearTimeout(timer);
  joining = null;
  failures = 0;
  const missing = joined(message);
  if (missing) show("missing", missing);
  page.enterRoom(message.room);
  nowIn(message.room);
}
