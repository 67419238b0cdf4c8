// The chat's page: it shows messages, sends them, and comes back when the connection is lost.

const BASE_MS = 1_000;          // the longest first wait before another attempt; it doubles with each failure
const CAP_MS = 30_000;          // but never becomes longer than this
const STABLE_MS = 5_000;        // a connection that lasted this long was a success
const CHECK_MS = 20_000;        // how often the page asks whether the server is still there
const SHOWN = 200;              // messages kept in the page

const url = new URL("ws", location.href);           // beside the page, which also works below a proxy's path
url.protocol = url.protocol.replace("http", "ws");  // http -> ws, https -> wss

const $ = (id) => document.getElementById(id);
let socket = null;              // the current WebSocket, or null
let openedAt = Infinity;        // when it opened
let failures = 0;               // attempts in a row that did not last
let waiting;                    // the timer of the next attempt
let answered = true;            // whether anything has come since the last ping

function connect() {
  clearTimeout(waiting);
  openedAt = Infinity;
  answered = true;
  socket = new WebSocket(url);
  socket.onopen = () => { openedAt = performance.now(); };
  socket.onmessage = ({ data }) => received(JSON.parse(data));
  // There is no onerror: a close event follows every error, and browsers do not tell a page the reason of either.
  socket.onclose = lost;
  show("Connecting …", false);
}

function received(message) {
  answered = true;
  if (message.type === "welcome") show(`Connected as ${message.name}`, true);
  if (message.type === "message") add(`${message.name}: ${message.text}`);
  if (message.type === "error") add(message.message, "error");
}

/** The connection has ended, or never opened. Come back after a random wait (exponential back-off, full jitter). */
function lost() {
  forget();
  // Not set to 0 in onopen: a server that accepts and closes at once would be asked again without a pause.
  if (performance.now() - openedAt > STABLE_MS) failures = 0;
  // When a server restarts, all pages lose it at once. A random moment keeps them from coming back at once.
  const wait = Math.random() * Math.min(CAP_MS, BASE_MS * 2 ** failures);
  failures += 1;
  waiting = setTimeout(connect, wait);
  show(`Disconnected. The next attempt is in ${Math.ceil(wait / 1000)} s.`, false);
}

/** Forget the socket: what it still tells does not concern us. */
function forget() {
  clearTimeout(waiting);
  if (socket === null) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
  socket = null;
}

// A page sees no pings of the server, so it would say "Connected" for minutes after its network has gone.
setInterval(() => {
  if (socket === null) return;
  if (!answered) return lost();           // nothing at all came since the last check, nor did the connection open
  answered = false;
  if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
}, CHECK_MS);

// A browser may keep a page that you leave, with its open connection. So close it, and come back with the page.
addEventListener("pagehide", forget);
addEventListener("pageshow", ({ persisted }) => { if (persisted) connect(); });

$("form").addEventListener("submit", (event) => {
  event.preventDefault();                 // the browser would load the page again
  if (socket?.readyState !== WebSocket.OPEN) return;   // the text stays in its field
  socket.send(JSON.stringify({ type: "say", text: $("text").value }));
  $("text").value = "";
});

function show(state, open) {
  $("state").textContent = state;
  $("send").disabled = !open;
}

function add(text, kind = "") {
  const row = document.createElement("li");
  row.textContent = text;                 // never innerHTML: what somebody writes must stay text
  row.className = kind;
  const list = $("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;   // do not pull away who reads above
  list.append(row);
  if (list.childElementCount > SHOWN) list.firstElementChild.remove();
  if (atEnd) row.scrollIntoView({ block: "nearest" });
}

connect();
