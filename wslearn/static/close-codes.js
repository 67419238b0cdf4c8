// What a close code means (RFC 6455 section 7.4; 1012 to 1014 and 3000 to 3008 are in IANA's registry).
// wslearn/common/close_codes.py has the same names and the same final codes, and a test compares the two.

const CODES = {
  1000: ["Normal closure", "The conversation is finished, and both sides agreed to close."],
  1001: ["Going away", "The server is stopping, or the user left the page."],
  1002: ["Protocol error", "One side received a frame that breaks the rules of RFC 6455."],
  1003: ["Unsupported data", "One side received a kind of message that it does not accept, such as binary."],
  1004: ["Reserved", "Nobody may use this code yet."],
  1005: ["No code received", "The close frame carried no code, so the browser reports this one. " +
    "A proxy such as the one in Jupyter can lose the code. The last messages may explain the reason."],
  1006: ["Abnormal closure", "The connection ended without a close frame. The network failed, the server was " +
    "killed, or no server is listening there. A refused handshake (401, 403, 503) looks the same, because " +
    "browsers only tell a page 1006. Therefore this page asks the server over HTTP what is wrong."],
  1007: ["Invalid payload", "A message was not valid, for example text that is not UTF-8."],
  1008: ["Policy violation", "The client broke a rule of the server. Perhaps its token is invalid, or it sent too " +
    "many messages."],
  1009: ["Message too big", "A message was larger than the other side accepts."],
  1010: ["Extension missing", "The client needs an extension that the server did not agree to."],
  1011: ["Internal error", "The server has an error in its program. Its log has the details."],
  1012: ["Service restart", "The server is restarting. Try again in a moment."],
  1013: ["Try again later", "The server is too busy. Try again later."],
  1014: ["Bad gateway", "A proxy received an invalid response from its server."],
  1015: ["TLS failed", "No secure connection was possible, for example because of the certificate."],
  3000: ["Unauthorized", "The server does not know who you are."],
  3003: ["Forbidden", "The server knows who you are, but does not allow this."],
  3008: ["Timeout", "Something took longer than the server allows."],
};

// After these codes another attempt would end the same way: the conversation is over (1000), or the problem is what we
// send or who we are. 1012 and 1013 are not among them, because they ask a client to come back later.
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003]);

/** Return the name of a close code and what it means, in words. */
export function explain(code) {
  if (code in CODES) return CODES[code];
  if (code >= 4000 && code <= 4999) return ["Private code", "The application chose it: see its documentation."];
  if (code >= 3000 && code <= 3999) return ["Registered code", "A library uses it: see its documentation."];
  return ["Unassigned code", "No standard gives this code a meaning."];
}

/** Return whether it makes no sense to reconnect after this close code. */
export function isFinal(code) {
  return FINAL.has(code);
}
