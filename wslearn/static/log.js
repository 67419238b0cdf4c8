// The list of what was sent and what came.

const MOST_ROWS = 500;        // a page that keeps everything grows until the browser gives up
const MOST_CHARACTERS = 2_000;
const LABELS = { sent: "↑ sent", received: "↓ received", error: "! error", event: "event" };

const list = document.querySelector("#messages");
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** Add a row: `kind` is a key of LABELS, `text` is for people, `raw` what went over the wire where it differs. */
export function show(kind, text, raw = text) {
  const row = document.createElement("li");
  row.className = kind;
  row.append(part("span", LABELS[kind], "label"), part("time", clock.format()), part("span", text, "text"));
  if (raw !== text) row.append(part("code", raw, "raw"));
  list.append(row);
  while (list.childElementCount > MOST_ROWS) list.firstElementChild.remove();
}

/** Remove every row. */
export function clear() {
  list.replaceChildren();
}

function part(tag, text, className = "") {
  const element = document.createElement(tag);
  element.className = className;
  const more = text.length - MOST_CHARACTERS;
  // textContent, never innerHTML: what a stranger wrote is text, and a <script> in it must stay text.
  element.textContent = more > 0 ? `${text.slice(0, MOST_CHARACTERS)} … and ${more} more characters` : text;
  return element;
}
