// The buckets of what waits for a disk: appends, commits, and commands in a mailbox behind them.

/** Upper bounds in milliseconds, with the edges of the service levels. */
export const DURABLE_BOUNDS_MS: readonly number[] = [
  0.25, 0.5, 1, 2.5, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_500,
];
