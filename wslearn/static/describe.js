// What a message says, in words. It only makes strings: nothing here touches the page.

/** Return the object in a JSON text, or null: plain text is a fine message too. */
export function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** Return one line for people about a JSON message of the course, or null where there is none to give. */
export function describe(message) {
  const from = message?.sender === undefined ? "" : `${message.sender}: `;
  switch (message?.type) {
    case undefined: return message?.message === undefined ? null : `${message.message}`;
    case "broadcast":
    case "room-message": return `${from}${message.message}`;
    case "authenticate": return "Token";
    case "authenticated": return `You are ${message.user}`;
    case "join-room": return `Join room ${message.room}`;
    case "leave-room": return "Leave the room";
    case "presence": return `Members of room ${message.room}: ${[].concat(message.members).join(", ")}`;
    case "closing": return `The server closes: ${message.code} ${message.reason}`;
    case "error": return `${message.code}: ${message.message}`;
    default: return null;
  }
}

/** Return the length of binary data and its first bytes in hexadecimal. */
export function hex(buffer, most = 64) {
  const bytes = Array.from(new Uint8Array(buffer, 0, Math.min(most, buffer.byteLength)));
  const digits = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `Binary, ${buffer.byteLength} bytes: ${digits}${buffer.byteLength > most ? " …" : ""}`;
}
