// What this tab remembers when it is reloaded. In a frame without storage the page works too, until a reload.

const KEY = `wslearn ${location.pathname}`;   // behind a proxy, several servers have one origin

export function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export function remember(changes) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...remembered(), ...changes }));
  } catch {
    // no storage here, or it is full
  }
}

/** Return random hexadecimal digits, two a byte. */
export function randomHex(bytes) {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
