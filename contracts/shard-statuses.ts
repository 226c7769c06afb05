// Apart from `operator.ts`, so that the command line can name them without loading TypeBox, which
// takes a good part of a second.

/**
 * `recovering` claims and replays; `leaving` gives the shard to another node; `damaged` has a
 * journal or a snapshot that only a person can help (J5); `stopped` is not served here.
 */
export const SHARD_STATUSES = ['recovering', 'serving', 'leaving', 'damaged', 'stopped'] as const;
