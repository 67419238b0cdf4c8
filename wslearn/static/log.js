// The list of sent and received messages.

const MOST_ROWS = 500;        // a page that keeps every message grows until the browser gives up
const MOST_CHARACTERS = 500;
const LABELS = { sent: "↑ sent", received: "↓ received", error: "! error", missing: "! missing", event: "event" };
const STATES = { waiting: "… waiting", sent: "↑ sent", stored: "✓ stored", refused: "! refused" };

const list = document.querySelector("#messages");
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** Add a row, and return it. `kind` is a key of LABELS, `text` is for people, `raw` the message itself if it differs. */
export function show(kind, text, raw = text) {
  const row = document.createElement("li");
  row.className = kind;
  row.append(element("span", LABELS[kind], "label"));
  row.append(element("time", clock.format()));
  row.append(element("span", shorten(text), "text"));
  if (raw !== text) row.append(element("code", shorten(raw), "raw"));
  list.append(row);
  while (list.childElementCount > MOST_ROWS) list.firstElementChild.remove();
  return row;
}

/** Show what has become of a sent message: `state` is a key of STATES, `raw` the server's reply, if there was one. */
export function mark(row, state, raw = "") {
  row.dataset.delivery = state;
  row.querySelector(".label").textContent = STATES[state];
  if (raw) row.querySelector(".raw").textContent += `\n${shorten(raw)}`;
}

/** Remove every row. */
export function clear() {
  list.replaceChildren();
}

/** Return a new element that holds `text`. */
export function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;   // never innerHTML: whatever a stranger wrote, even a <script>, must stay text
  return made;
}

function shorten(text) {
  const more = text.length - MOST_CHARACTERS;
  return more > 0 ? `${text.slice(0, MOST_CHARACTERS)} … and ${more} more characters` : text;
}
