// How long to wait before the next try.

const BASE_MS = 1_000;
const CAP_MS = 30_000;

/**
 * Return the milliseconds to wait after `failures` tries in a row have failed: exponential, with full jitter.
 *
 * When a server restarts, all of its clients lose it in the same moment. Doubling alone would bring them back
 * together, in waves; any random moment between now and the limit spreads them out.
 */
export function backoff(failures) {
  return Math.random() * Math.min(CAP_MS, BASE_MS * 2 ** failures);
}
