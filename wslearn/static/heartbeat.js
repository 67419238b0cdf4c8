// The page's heartbeat: a page cannot send a WebSocket ping, so it asks with a message.

import { showPulse, showRoundTrip } from "./panel.js";

const PING_EVERY_MS = 2_000;
const PONG_MS = 10_000;

let timer;
let sentAt = null;   // when the ping that has no answer yet was sent

/** Call `ask` every two seconds, and `giveUp` with a reason once an answer has not come for ten. */
export function startHeartbeat(ask, giveUp) {
  stopHeartbeat();
  const beat = () => {
    const now = performance.now();
    if (sentAt === null) {
      sentAt = now;
      ask();
    } else if (now - sentAt > PONG_MS) {
      giveUp(`no pong within ${PONG_MS / 1000} s`);
    } else {
      showPulse("late", "Waiting for a pong");
    }
  };
  timer = setInterval(beat, PING_EVERY_MS);
  beat();
}

export function stopHeartbeat() {
  clearInterval(timer);
  sentAt = null;
}

/** Show the round trip if `type` is that of the answer we are waiting for, and return whether it is. */
export function isPong(type) {
  if (type !== "pong" || sentAt === null) return false;
  showRoundTrip(performance.now() - sentAt);
  sentAt = null;
  return true;
}
