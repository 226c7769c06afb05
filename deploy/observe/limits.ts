// From where on a value wants a look and from where on it is wrong: boards draw these lines, alarms
// fire at them. The service levels themselves are in `contracts/service-levels.ts`.

/** In a sale, times the even use of a budget over 30 days. */
export const SALE_BURNS = { failures: 10, slow: 5 } as const;

/** Seconds for which a node may be silent, as one that is started again by its supervisor is. */
export const NODE_DOWN_SECONDS = 15;
/** A lost node's shards have owners again within 4 s. */
export const SHARD_UNOWNED_SECONDS = 10;
/** A node gives its shards up at 1 s. */
export const CLOCK_SKEW = { warn: 0.25, wrong: 0.5 } as const;
/** Seconds of an event that a consumer has not taken: lists are to be right within one. */
export const LAG_SECONDS = { warn: 5, wrong: 30 } as const;
/** Seconds of the slowest 1 % of appends. An order waits for one. */
export const APPEND_P99_SECONDS = { warn: 0.05, wrong: 0.2 } as const;
/** Of 8,192 that a mailbox takes. */
export const MAILBOX_COMMANDS = { warn: 2_048, wrong: 6_144 } as const;
/** A gateway takes 50,000. */
export const REQUESTS_IN_FLIGHT = { warn: 10_000, wrong: 40_000 } as const;
/** Of the event loop, the slowest 1 % of turns. */
export const LOOP_LAG_SECONDS = { warn: 0.05, wrong: 0.2 } as const;
/** The share of the disk that is free. */
export const DISK_FREE_SHARE = { warn: 0.2, wrong: 0.1 } as const;
/** Seconds from an event until pushes and mails of it are out (docs/OPERATIONS.md). */
export const REACH_SECONDS = { warn: 30, wrong: 60 } as const;
export const WEBHOOK_SECONDS = { warn: 60, wrong: 600 } as const;
/** Of a job that is due and does not start. */
export const JOB_OVERDUE_SECONDS = { warn: 60, wrong: 600 } as const;
export const MEDIA_SECONDS = { warn: 120, wrong: 600 } as const;
export const SEARCH_LAG_SECONDS = { warn: 2, wrong: 10 } as const;
/** Of an issuer's keys: fetched every 600 s; past a day its tokens are refused. */
export const ISSUER_KEYS_SECONDS = { warn: 1_200, wrong: 3_600 } as const;
/** Since the last pass of the archive over all shards. */
export const ARCHIVE_SECONDS = { warn: 1_800, wrong: 3_600 } as const;
/** Days until the certificate of the proxy in front ends. */
export const CERTIFICATE_DAYS = { warn: 30, wrong: 14 } as const;
