// How long to wait before the next attempt.

const BASE_MS = 1_000;
const CAP_MS = 30_000;

/**
 * Return the milliseconds to wait after `failures` failed attempts in a row: exponential, with full jitter.
 *
 * When a server restarts, all of its clients lose it at the same moment. If they only doubled their waits, they would
 * all come back together, in waves. A random moment between now and the limit spreads them out.
 */
export function backoff(failures) {
  return Math.random() * Math.min(CAP_MS, BASE_MS * 2 ** failures);
}
