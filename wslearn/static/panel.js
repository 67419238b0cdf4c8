// What the page shows about its connection, its heartbeat and its room. The list of messages is in log.js.

import { element } from "./log.js";

const MOST_MEMBERS = 100;
const WORDS = {
  closed: "Closed",
  connecting: "Connecting",
  open: "Open",
  closing: "Closing",
  waiting: "Closed, will reconnect",
};

export const $ = (id) => document.getElementById(id);

/** Show a state: in words, in the button's name and, by style.css, in the light. */
export function showState(state, code, details) {
  document.body.dataset.state = state;
  $("state").textContent = WORDS[state];
  $("code").textContent = code;
  $("details").replaceChildren(...details.map((text) => element("li", text)));
  $("countdown").textContent = "";
  $("toggle").textContent = { closed: "Connect", waiting: "Stop reconnecting" }[state] ?? "Disconnect";
  if (state !== "open") showPulse("none", "No open connection");
}

export function showPulse(pulse, text) {
  $("pulse").dataset.pulse = pulse;
  $("heartbeat").textContent = text;
}

export function showRoundTrip(milliseconds) {
  $("round-trip").textContent = `${milliseconds.toFixed(1)} ms`;
  showPulse("alive", "Alive");
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  $("pulse").animate({ transform: ["scale(1.5)", "scale(1)"] }, 500);
}

/** Show the room we are in, or null for none; without a connection, the room that we will rejoin. */
export function showMembers(room, connected, members) {
  const there = `Room ${room}${connected ? "" : " (rejoined when the connection is back)"}`;
  $("room-now").textContent = room === null ? "Not in a room" : there;
  $("leave").hidden = room === null;
  $("members").hidden = members.length === 0;
  const names = members.slice(0, MOST_MEMBERS);
  if (members.length > MOST_MEMBERS) names.push(`and ${members.length - MOST_MEMBERS} more`);
  $("members").replaceChildren(...names.map((member) => element("li", member)));
}
