// Small helpers of the class's pages. What other people wrote is text, never markup.

export const $ = (id) => document.getElementById(id);

/** Return a new element that holds `text`. */
export function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;   // never innerHTML: whatever a stranger wrote, even a <script>, must stay text
  return made;
}

/** Return text that somebody chose: isolated, so that a name in Arabic or Hebrew can't reorder the words around it. */
export function isolated(text, className = "") {
  const made = element("bdi", text, className);
  made.dir = "auto";
  return made;
}

/** Set a text only if it is another one: a live region would read it aloud again. */
export function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/** Return the elements in `parent`, as many as `count`: old ones stay, so that the focus stays too. */
export function sized(parent, count, make) {
  while (parent.childElementCount > count) parent.lastElementChild.remove();
  while (parent.childElementCount < count) parent.append(make(parent.childElementCount));
  return [...parent.children];
}

/** Return the address of the page's WebSocket. */
export function socketAddress() {
  const url = new URL("ws", location.href);            // relative to the page, which keeps the code and a prefix
  url.protocol = url.protocol.replace("http", "ws");   // http -> ws, https -> wss
  return url;
}
