// The browser client of every wslearn server. The life of a WebSocket, in this order:
//     connect() -> opened() -> received(), many times -> closed() -> perhaps reconnectLater() -> connect()
// Below that: leaving the page, sending, the room, and the page's controls.

import { backoff } from "./backoff.js";
import { explain, isFinal } from "./close-codes.js";
import { describe, hex, parse } from "./describe.js";
import * as feed from "./feed.js";
import { isPong, startHeartbeat, stopHeartbeat } from "./heartbeat.js";
import { onLeaving } from "./leaving.js";
import { clear, element, show } from "./log.js";
import { $, showMembers, showState } from "./panel.js";
import { diagnose } from "./refusal.js";

const CONNECT_MS = 10_000;     // every wait has a limit: a browser alone would wait for minutes
const CLOSE_MS = 5_000;
const STABLE_MS = 5_000;       // a connection that lasted this long was a success

const features = new Set(document.body.dataset.features.split(" "));
const resumes = features.has("resume");               // whether the server keeps messages, and acknowledges them
const url = new URL("ws", location.href);             // relative to the page, which keeps a proxy's prefix
url.protocol = url.protocol.replace("http", "ws");    // http -> ws, https -> wss
// A prefix means a proxy such as Jupyter's, which loses close codes. Ask the server to send the code in a message too.
if (url.pathname !== "/ws") url.search = "last-words";

let state = "closed";          // or connecting, open, closing, waiting (to reconnect)
let socket = null;             // the current WebSocket, or null
let openedAt = Infinity;       // when it opened, on the clock of performance.now()
let failures = 0;              // attempts in a row that did not last
let lastError = null;          // the error message, if it was the last message from the server
let lastWords = null;          // the close code and reason that the server announced in a message, if we asked for them
let admitted = false;          // whether the server has let us in: through a proxy, only a message shows it
let deadline, countdown;       // timers
let question = new AbortController();   // aborts the question why a connection failed
let room = null;               // the room we are in
let leftRoom = null;           // the room we have just left: messages about it may still arrive

// ---- The life of a connection ----------------------------------------------------------------------------

function connect() {
  clearInterval(countdown);
  openedAt = Infinity;
  admitted = false;
  lastError = lastWords = null;
  socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = opened;
  socket.onmessage = received;
  socket.onclose = closed;
  // There is no onerror, because browsers do not tell it the reason, and a close event always follows.
  deadline = setTimeout(abandon, CONNECT_MS, `no response to the handshake within ${CONNECT_MS / 1000} s`);
  enter("connecting");
}

function opened() {
  clearTimeout(deadline);
  openedAt = performance.now();
  admitted = !url.search;
  enter("open");
  show("event", "Connection open");
  if (!features.has("token")) return ready();
  const token = $("token").value.trim();
  if (token) send({ type: "authenticate", token }, { type: "authenticate", token: "[not shown]" });
  else show("event", "No token given. The server waits for one, and closes the connection after its timeout.");
}

/** The server accepts our messages now: from the start or, if it asks for a token, since it has accepted ours. */
function ready() {
  if (room !== null) join(room);   // for the server, a client that reconnects is a new one
  if (!features.has("ping")) return;
  // Neither the pings nor the pongs are listed: they would push everything else out of sight.
  startHeartbeat(() => socket.readyState === WebSocket.OPEN && socket.send('{"type":"ping"}'), abandon);
}

function received({ data }) {
  admitted = true;
  if (data instanceof ArrayBuffer) return show("received", hex(data));
  const message = parse(data);
  const type = message?.type;
  if (isPong(type)) return;
  lastWords = type === "closing" && url.search ? message : null;
  if (lastWords === null) lastError = type === "error" ? message : null;
  if (resumes && feed.heard(message, data)) return;
  show(type === "error" ? "error" : "received", describe(message) ?? data, data);
  if (resumes) feed.arrived(message);
  if (type === "authenticated" && features.has("token")) ready();
  const isPresence = features.has("rooms") && type === "presence" && Array.isArray(message.members);
  if (isPresence && message.room !== leftRoom) showRoom(message.room, message.members);
}

function closed({ code, reason }) {
  if (code === 1005 && lastWords !== null) ({ code = 1005, reason = "" } = lastWords);
  forget();
  if (resumes) feed.lost(code);
  const [name, meaning] = explain(code);
  show("event", `Connection closed: ${code} ${name}${reason && `, ${reason}`}`);
  // Not reset in opened(): we would try again without a pause if a server accepts and closes at once.
  if (performance.now() - openedAt > STABLE_MS) failures = 0;
  // A proxy can lose the close code. Then only a last error message tells that another attempt would be useless.
  const final = isFinal(code) || (code === 1005 && lastError !== null);
  const again = $("reconnect").checked && state !== "closing";   // closing: the user asked for it
  const words = [
    meaning,
    reason && `Reason given: ${reason}.`,
    lastError && `The server's last message: ${lastError.message}`,
    again && final && "Another attempt would end the same way, so this page does not reconnect.",
  ].filter(Boolean);
  const unexplained = code === 1006 && state !== "closing";      // browsers tell a page no more than that
  if (again && !final) {
    reconnectLater(`${code} ${name}`, words);
  } else {
    enter("closed", `${code} ${name}`, words);
    showRoom(null);
  }
  if (unexplained) askWhy(!admitted && !reason);   // we have a reason only if we gave up ourselves
}

/** Find out why the connection failed, and show it unless something else has happened meanwhile. */
async function askWhy(refused) {
  question = new AbortController();
  const { signal } = question;
  const why = await diagnose(refused, signal);
  if (!signal.aborted) $("details").prepend(element("li", why, "why"));
}

function reconnectLater(code, words) {
  const due = performance.now() + backoff(failures);
  failures += 1;
  countdown = setInterval(() => {
    const left = due - performance.now();
    $("countdown").textContent = `Next attempt in ${Math.max(left / 1000, 0).toFixed(1)} s (number ${failures})`;
    if (left <= 0) connect();
  }, 100);
  enter("waiting", code, words);
  showRoom(room);
}

function disconnect() {
  stopTimers();
  showRoom(null);
  if (socket === null) return enter("closed", "", ["You stopped reconnecting."]);
  socket.close(1000, "goodbye");   // starts the closing handshake; closed() runs once the server has answered
  deadline = setTimeout(abandon, CLOSE_MS, `no close frame from the server within ${CLOSE_MS / 1000} s`);
  enter("closing");
}

/** Give up a connection if the other side is silent: close() alone would wait for an answer. */
function abandon(reason) {
  drop();
  closed({ code: 1006, reason });
}

/** Start closing, and stop listening: we ignore whatever still arrives on the connection. */
function drop(...how) {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close(...how);
}

/** Forget a connection that has ended. */
function forget() {
  stopTimers();
  socket = null;
}

function stopTimers() {
  clearTimeout(deadline);
  clearInterval(countdown);
  stopHeartbeat();
}

// ---- Leaving the page, and coming back -------------------------------------------------------------------

onLeaving(() => {
  question.abort();
  if (state === "closed") return false;
  const returns = state !== "closing";
  if (socket !== null) drop(1000, "page left");   // only the browser may send 1001, not a page
  forget();
  if (resumes) feed.lost();
  show("event", "Connection closed: you left this page");
  enter("closed", "", ["You left this page."]);
  showRoom(room);                                 // we rejoin it when we come back
  return returns;
}, connect);

// ---- Sending ---------------------------------------------------------------------------------------------

/** Send a string, or an object as JSON, and list it (as `listed`, if it is a secret). Return whether it was sent. */
function send(message, listed = message) {
  if (socket?.readyState !== WebSocket.OPEN) {
    show("event", "Not sent: there is no open connection. Press Connect first.");
    return false;
  }
  const encode = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  socket.send(encode(message));
  show("sent", describe(listed) ?? encode(listed), encode(listed));
  return true;
}

function sendText(text) {
  if (resumes && room !== null) return feed.sendLater(room, text);   // now, or when the connection is back
  if (features.has("rooms")) return send({ type: "room-message", message: text });
  if (features.has("json")) return send({ message: text });
  return send(text);
}

// ---- Room ------------------------------------------------------------------------------------------------

function join(name) {
  if (resumes) feed.join(name);
  else send({ type: "join-room", room: name });
}

/** The server has let us into a room: its members follow. */
function enterRoom(name) {
  if (name !== room && name !== leftRoom) showRoom(name);
}

function showRoom(name, members = []) {
  room = name;
  showMembers(room, socket !== null, members);
}

// ---- The page's controls ---------------------------------------------------------------------------------

function enter(next, code = "", details = []) {
  question.abort();
  state = next;
  showState(state, code, details);
}

function onSubmit(id, act) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();   // otherwise the browser would reload the page, and drop the WebSocket
    act();
  });
}

onSubmit("connection", () => {
  if (state !== "closed") return disconnect();
  failures = 0;
  connect();
});
onSubmit("rooms", () => {
  leftRoom = null;
  join($("room").value.trim());
});
onSubmit("composer", () => {
  if (sendText($("text").value)) $("text").value = "";
});
$("leave").addEventListener("click", () => {
  send({ type: "leave-room" });
  if (resumes) feed.leave();
  leftRoom = room;
  showRoom(null);
  $("room").focus();   // the button that had the focus has disappeared
});
$("clear").addEventListener("click", clear);
$("reconnect").addEventListener("change", () => {
  if (state === "waiting") disconnect();
});

for (const element of document.querySelectorAll("[data-needs]")) {
  element.hidden = !element.dataset.needs.split(" ").some((feature) => features.has(feature));
}
$("name").textContent = document.body.dataset.name;
$("url").textContent = url.href.replace(/wslearn-key-[\w-]+/, "wslearn-key-…");   // a class may be watching
document.title = `${document.body.dataset.name} · wslearn`;
enter("closed", "", ["Not connected yet."]);
if (resumes) {
  $("reconnect").checked = true;
  feed.startFeed({ send, abandon, post: (text) => socket.send(text), enterRoom });
  showRoom(feed.lastRoom());   // after a reload, Connect goes on where we were
}
