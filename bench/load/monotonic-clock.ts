// The machine's monotonic clock, which all processes share, so that one process can measure the
// delay of a frame that another process sent.

// The first call loads code, up to 40 ms on a busy machine. Inside the subtraction below, that time
// would count as a difference between the clocks and make every frame look faster.
performance.now();

/** `performance.now()` uses the same clock, counted from the start of the process, and is cheap. */
const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function monotonicMs(): number {
  return performance.now() + OFFSET_MS;
}
