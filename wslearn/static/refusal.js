// Why a connection failed, if the browser only tells the page 1006: the server says more over HTTP.

const ANSWER_MS = 3_000;
const MOST_CHARACTERS = 300;
const REFUSALS = [403, 429, 431, 503];   // with these our servers say in plain words why they do not let a client in
const LOG = "Its log says why: look in the terminal where wslearn serve is running, or at server.log in the notebook.";
const LATER = "Try again later, or close another page of this server.";
const SOON = "Connect again in a few seconds. With Reconnect automatically, this page does.";
const AGAIN = "Run the server's cell or its command again.";

/**
 * Ask the server for its health over HTTP, and return a sentence or two about what is wrong and where to look.
 *
 * `refused` tells whether the WebSocket never opened. `signal` aborts the question, and the result is null then.
 */
export async function diagnose(refused, signal) {
  let response, text;
  try {
    // Relative to the page, as the WebSocket's address is, which keeps a proxy's prefix.
    response = await fetch("health", { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
    text = await response.text();
  } catch (error) {
    if (signal.aborted) return null;
    if (error.name !== "TimeoutError") return `No server can be reached at this address. ${AGAIN}`;
    return `The server did not answer an HTTP request within ${ANSWER_MS / 1000} s either. It may be busy, or stopped.`;
  }
  const health = ours(response, text);
  if (health === null) return `Another program answered here, such as a proxy (HTTP ${response.status}). ${AGAIN}`;
  if (typeof health === "string") return `The server refused (HTTP ${response.status}): ${health}`;
  if (!refused) return "The server is running and answers over HTTP: only this connection was lost.";
  if (health.status === "draining") return `The server is about to restart, and takes no new connections now. ${SOON}`;
  if (health.status === "full") return `The server is full. Open connections: ${health.connections}. ${LATER}`;
  return `The server is running, but it refused the WebSocket. ${LOG}`;
}

/** Return our server's health, or its sentence if it refused the request, or null if the program is not ours. */
function ours(response, text) {
  const type = response.headers.get("Content-Type") ?? "";
  const refusal = REFUSALS.includes(response.status) && type.startsWith("text/plain");
  if (!response.ok) return refusal ? text.trim().slice(0, MOST_CHARACTERS) : null;
  try {
    const health = JSON.parse(text);
    return typeof health?.status === "string" ? health : null;
  } catch {
    return null;
  }
}
