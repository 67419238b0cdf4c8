// The browser client of every wslearn server. The life of a WebSocket, in this order:
//     connect() -> opened() -> received(), many times -> closed() -> perhaps reconnectLater() -> connect()
// After it come leaving the page, sending, the room, and the page's controls.

import { backoff } from "./backoff.js";
import { explain, isFinal } from "./close-codes.js";
import { describe, hex, parse } from "./describe.js";
import { isPong, startHeartbeat, stopHeartbeat } from "./heartbeat.js";
import { onLeaving } from "./leaving.js";
import { clear, element, show } from "./log.js";
import { $, showMembers, showState } from "./panel.js";
import { diagnose } from "./refusal.js";

const CONNECT_MS = 10_000;     // every wait has an end: a browser alone would wait for minutes
const CLOSE_MS = 5_000;
const STABLE_MS = 5_000;       // a connection that held this long was a success

const features = new Set(document.body.dataset.features.split(" "));
const url = new URL("ws", location.href);             // relative to the page, so a proxy's prefix stays in it
url.protocol = url.protocol.replace("http", "ws");    // http -> ws, https -> wss
// A prefix means a proxy such as Jupyter's, which loses close codes: ask the server to say the code in a message too.
if (url.pathname !== "/ws") url.search = "last-words";

let state = "closed";          // or connecting, open, closing, waiting (to reconnect)
let socket = null;             // the WebSocket of this moment, or null
let openedAt = Infinity;       // when it opened, on the clock of performance.now()
let failures = 0;              // tries in a row that did not hold
let lastError = null;          // the error message that was the last thing the server said
let lastWords = null;          // the code and reason that the server said it will close with, where we asked for them
let admitted = false;          // whether the server has let us in: through a proxy, only a message shows that
let deadline, countdown;       // timers
let question = new AbortController();   // ends the question why a connection failed
let room = null;               // the room we are in
let leftRoom = null;           // the room we have just left: news about it may still be on the way

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
  // No onerror: browsers hide the reason from it, and a close event always follows.
  deadline = setTimeout(abandon, CONNECT_MS, `no answer to the handshake within ${CONNECT_MS / 1000} s`);
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
  else show("event", "No token given: the server waits for one, and closes when its patience ends");
}

/** The server takes our messages now: at once, or, where it asks for a token, since it has accepted ours. */
function ready() {
  if (room !== null) send({ type: "join-room", room });   // to the server a reconnected client is a new one
  if (!features.has("ping")) return;
  // Not listed, nor is its answer: they would push all else out of sight.
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
  show(type === "error" ? "error" : "received", describe(message) ?? data, data);
  if (type === "authenticated" && features.has("token")) ready();
  const isPresence = features.has("rooms") && type === "presence" && Array.isArray(message.members);
  if (isPresence && message.room !== leftRoom) showRoom(message.room, message.members);
}

function closed({ code, reason }) {
  if (code === 1005 && lastWords !== null) ({ code = 1005, reason = "" } = lastWords);
  forget();
  const [name, meaning] = explain(code);
  show("event", `Connection closed: ${code} ${name}${reason && `, ${reason}`}`);
  // Not reset in opened(): a server that accepts and closes at once would be asked again without a pause.
  if (performance.now() - openedAt > STABLE_MS) failures = 0;
  // A proxy can lose the close code; then a last error message is all that says that trying again is no use.
  const final = isFinal(code) || (code === 1005 && lastError !== null);
  const again = $("reconnect").checked && state !== "closing";   // closing: the student asked for the end
  const words = [
    meaning,
    reason && `Reason given: ${reason}.`,
    lastError && `The server's last words: ${lastError.message}`,
    again && final && "Trying again would end the same way, so this page does not.",
  ].filter(Boolean);
  const unexplained = code === 1006 && state !== "closing";      // a browser tells a page no more than that
  if (again && !final) {
    reconnectLater(`${code} ${name}`, words);
  } else {
    enter("closed", `${code} ${name}`, words);
    showRoom(null);
  }
  if (unexplained) askWhy(!admitted && !reason);   // a reason is ours: we gave it up
}

/** Show why the connection failed, unless something else has happened by the time that we know. */
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
    $("countdown").textContent = `Next try in ${Math.max(left / 1000, 0).toFixed(1)} s (number ${failures})`;
    if (left <= 0) connect();
  }, 100);
  enter("waiting", code, words);
  showRoom(room);
}

function disconnect() {
  stopTimers();
  showRoom(null);
  if (socket === null) return enter("closed", "", ["You stopped the waiting."]);
  socket.close(1000, "goodbye");   // begins the closing handshake; closed() runs once the server has answered
  deadline = setTimeout(abandon, CLOSE_MS, `no close frame from the server within ${CLOSE_MS / 1000} s`);
  enter("closing");
}

/** Give up a connection whose other side is silent: close() alone would wait for its answer. */
function abandon(reason) {
  drop();
  closed({ code: 1006, reason });
}

/** Begin to close, and listen no longer: what the connection may still say is no concern of ours. */
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
  const resumes = state !== "closing";
  if (socket !== null) drop(1000, "page left");   // a page may not send 1001, which a browser sends for it
  forget();
  show("event", "Connection closed: this page was left");
  enter("closed", "", ["This page was left."]);
  showRoom(room);                                 // we come back to it
  return resumes;
}, connect);

// ---- Sending ---------------------------------------------------------------------------------------------

/** Send a text, or an object as JSON, and list it (`listed` stands in for a secret). Return whether it was sent. */
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
  if (features.has("rooms")) return send({ type: "room-message", message: text });
  if (features.has("json")) return send({ message: text });
  return send(text);
}

// ---- Room ------------------------------------------------------------------------------------------------

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
    event.preventDefault();   // or the browser would load the page anew, and the WebSocket with it
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
  send({ type: "join-room", room: $("room").value.trim() });
});
onSubmit("composer", () => {
  if (sendText($("text").value)) $("text").value = "";
});
$("leave").addEventListener("click", () => {
  send({ type: "leave-room" });
  leftRoom = room;
  showRoom(null);
  $("room").focus();   // the button that had the focus is gone
});
$("clear").addEventListener("click", clear);
$("reconnect").addEventListener("change", () => {
  if (state === "waiting") disconnect();
});

for (const element of document.querySelectorAll("[data-needs]")) {
  element.hidden = !element.dataset.needs.split(" ").some((feature) => features.has(feature));
}
$("name").textContent = document.body.dataset.name;
$("url").textContent = url.href.replace(/wslearn-key-[\w-]+/, "wslearn-key-…");   // a class may be looking
document.title = `${document.body.dataset.name} · wslearn`;
enter("closed", "", ["Not connected yet."]);
