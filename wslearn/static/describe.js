// A message in words. These functions only make strings: nothing here touches the page.

/** Return the object in a JSON string, or null, because plain text is a valid message too. */
export function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** Return a JSON message of the course as one line for people, or null for any other message. */
export function describe(message) {
  const from = message?.sender === undefined ? "" : `${message.sender}: `;
  switch (message?.type) {
    case undefined: return message?.message === undefined ? null : `${message.message}`;
    case "broadcast":
    case "room-message": return `${from}${message.message}`;
    case "authenticate": return "Token";
    case "authenticated": return `You are ${message.user}`;
    case "join-room": return `Join room ${message.room}`;
    case "joined": return `You are in room ${message.room}${missed(message)}`;
    case "ack": return `Stored as message ${message.offset}`;
    case "leave-room": return "Leave the room";
    case "presence": return `Members of room ${message.room}: ${[].concat(message.members).join(", ")}`;
    case "closing": return `The server is closing the connection: ${message.code} ${message.reason}`;
    case "error": return `${message.code}: ${message.message}`;
    default: return null;
  }
}

function missed({ missed: count }) {
  if (!(count > 0)) return "";
  return count === 1 ? "; the message that you missed follows" : `; the ${count} messages that you missed follow`;
}

/** Return the length of binary data and its first bytes in hexadecimal. */
export function hex(buffer, most = 64) {
  const bytes = Array.from(new Uint8Array(buffer, 0, Math.min(most, buffer.byteLength)));
  const digits = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `Binary, ${buffer.byteLength} bytes: ${digits}${buffer.byteLength > most ? " …" : ""}`;
}
