// What a close code means (RFC 6455 section 7.4; 1012 to 1014 and 3000 to 3008 are in IANA's registry).
// wslearn/close_codes.py has the same names and the same final codes: a test finds where the two differ.

const CODES = {
  1000: ["Normal closure", "The conversation is finished, and both sides said so."],
  1001: ["Going away", "The server is stopping, or a page was left."],
  1002: ["Protocol error", "One side received a frame that breaks the rules of RFC 6455."],
  1003: ["Unsupported data", "One side received a kind of message that it does not take, such as binary."],
  1004: ["Reserved", "Nobody may use this code yet."],
  1005: ["No code received", "The close frame carried no code, so the browser put this one there. " +
    "A proxy, such as the one in Jupyter, can lose the code: the last messages may say why."],
  1006: ["Abnormal closure", "The connection ended without a close frame. The network failed, the server was " +
    "killed, or nothing listens there. A refused handshake (401, 403, 503) looks the same, because " +
    "browsers tell a page no more than 1006. So this page asks the server over HTTP what is wrong."],
  1007: ["Invalid payload", "A message was not what it claimed to be, such as text that is not UTF-8."],
  1008: ["Policy violation", "A rule of the server was broken, such as a bad token or too many messages."],
  1009: ["Message too big", "A message was larger than the other side takes."],
  1010: ["Extension missing", "The client needs an extension that the server did not agree to."],
  1011: ["Internal error", "The server met an error of its own. Its log says which one."],
  1012: ["Service restart", "The server restarts. Try again in a moment."],
  1013: ["Try again later", "The server is too busy. Try again later."],
  1014: ["Bad gateway", "A proxy got a bad answer from the server behind it."],
  1015: ["TLS failed", "No secure connection could be made, for example because of the certificate."],
  3000: ["Unauthorized", "The server does not know who you are."],
  3003: ["Forbidden", "The server knows who you are, and you may not do this."],
  3008: ["Timeout", "Something took longer than the server allows."],
};

// Another attempt would end in the same way: the conversation is over (1000), or what we send, or who we are, is the
// problem. 1012 and 1013 are not among them: they ask a client to come back later.
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003]);

/** Return the name of a close code and what it means, in words. */
export function explain(code) {
  if (code in CODES) return CODES[code];
  if (code >= 4000 && code <= 4999) return ["Private code", "The application chose it: see its documentation."];
  if (code >= 3000 && code <= 3999) return ["Registered code", "For a library or framework: see its documentation."];
  return ["Unassigned code", "No standard gives it a meaning."];
}

/** Return whether reconnecting after this close code makes no sense. */
export function isFinal(code) {
  return FINAL.has(code);
}
