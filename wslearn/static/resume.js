// Coming back to a room without missing a message: who we are, and which message was our last.

import { randomHex, remember, remembered } from "./keep.js";

const kept = remembered();
const session = /^[0-9a-f]{32}$/.test(kept.session) ? kept.session : randomHex(16);   // a secret: it is our identity
let place = isPlace(kept.place) ? kept.place : null;   // { room, epoch, offset } of the last message that we have had
remember({ session });

/** Return the room that we were in when the page was reloaded, or null. */
export const lastRoom = () => place?.room ?? null;

/** We have left the room, and whatever is said there from now on is not meant for us. */
export const left = () => move(null);

/** Return the message that asks to join a room, or to resume it if it was our last one. */
export function joinRequest(room) {
  const { epoch, offset } = place?.room === room ? place : {};
  return { type: "join-room", room, session, epoch, offset };   // what is undefined is left out of the JSON
}

/** Take note of the reply to our join. Return what may be missing, in words, or null. */
export function joined(message) {
  const { room, epoch, offset, floor, recovered } = message;
  const before = place;
  if (before?.room !== room) {
    move({ room, epoch, offset });
    return null;
  }
  if (before.epoch !== epoch) {
    move({ room, epoch, offset: floor });
    return `The server started a new history: messages after number ${before.offset} may be missing.`;
  }
  if (floor > before.offset) {
    move({ room, epoch, offset: floor });
    return `The server no longer has everything: messages ${before.offset + 1} to ${floor} may be missing.`;
  }
  return recovered ? null : `The server can't prove that nothing is missing after message ${before.offset}.`;
}

/** Tell whether a message of the room is new, and take note of it. */
export function isNew({ room, offset }) {
  if (place?.room !== room || offset <= place.offset) return false;
  move({ ...place, offset });
  return true;
}

/** Tell whether a reply to a join is as it should be. What a server sends is not to be trusted. */
export function isJoined(message) {
  return isPlace(message) && isOffset(message.floor);
}

export function isOffset(number) {
  return Number.isSafeInteger(number) && number >= 0;
}

function isPlace(value) {
  return typeof value?.room === "string" && typeof value.epoch === "string" && isOffset(value.offset);
}

function move(next) {
  place = next;
  remember({ place });
}
