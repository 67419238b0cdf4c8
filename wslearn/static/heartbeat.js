// The page's heartbeat: a page cannot send a ping frame, so it sends an application-level ping.

import { showPulse, showRoundTrip } from "./panel.js";

const PING_EVERY_MS = 2_000;
const PONG_MS = 10_000;

let timer;
let sentAt = null;   // when the ping was sent whose pong has not arrived yet

/** Call `ask` every two seconds, and `giveUp` with a reason if no pong has arrived for ten seconds. */
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

/** If a message of this `type` is the pong we are waiting for, show the round trip. Return whether it is. */
export function isPong(type) {
  if (type !== "pong" || sentAt === null) return false;
  showRoundTrip(performance.now() - sentAt);
  sentAt = null;
  return true;
}
