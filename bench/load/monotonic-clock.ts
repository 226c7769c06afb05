// The machine's monotonic clock, which all processes share: what one of them sent can be timed
// by another.

// The first call loads what the others need: within the subtraction those milliseconds, 40 on a
// busy machine, would pass for a difference between the clocks, and every frame for quicker.
performance.now();

/** `performance.now()` counts on that clock from the start of its process, and is quick to ask. */
const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function monotonicMs(): number {
  return performance.now() + OFFSET_MS;
}
