// The machine's monotonic clock, which all processes share: what one of them sent can be timed
// by another.

/**
 * `performance.now()` counts on that clock from the start of its process, and is cheaper to ask.
 */
const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function monotonicMs(): number {
  return performance.now() + OFFSET_MS;
}
