// From where on a value wants a look and from where on it is wrong: boards draw these lines, alarms
// fire at them, and `livedrops top` tells them. The service levels are in `service-levels.ts`.

/** In a sale, times the even use of a budget over 30 days. */
export const SALE_BURNS = { failures: 10, slow: 5 } as const;

export const ALARM_LIMITS = {
  /** Seconds for which a node may be silent, as one that is started again by its supervisor is. */
  NODE_DOWN_SECONDS: 15,
  /** A lost node's shards have owners again within 4 s. */
  SHARD_UNOWNED_SECONDS: 10,
  /** A node gives its shards up at 1 s. */
  CLOCK_SKEW: { warn: 0.25, wrong: 0.5 },
  /** Seconds of an event that a consumer has not taken: lists are to be right within one. */
  LAG_SECONDS: { warn: 5, wrong: 30 },
  /** Seconds of the slowest 1 % of appends. An order waits for one. */
  APPEND_P99_SECONDS: { warn: 0.05, wrong: 0.2 },
  /** Of 8,192 that a mailbox takes. */
  MAILBOX_COMMANDS: { warn: 2_048, wrong: 6_144 },
  /** A gateway takes 50,000. */
  REQUESTS_IN_FLIGHT: { warn: 10_000, wrong: 40_000 },
  /** Of the event loop, the slowest 1 % of turns. */
  LOOP_LAG_SECONDS: { warn: 0.05, wrong: 0.2 },
  /** The share of the disk that is free. */
  DISK_FREE_SHARE: { warn: 0.2, wrong: 0.1 },
  /** Seconds from an event until pushes and mails of it are out (docs/OPERATIONS.md). */
  REACH_SECONDS: { warn: 30, wrong: 60 },
  WEBHOOK_SECONDS: { warn: 60, wrong: 600 },
  /** Of a job that is due and does not start. */
  JOB_OVERDUE_SECONDS: { warn: 60, wrong: 600 },
  MEDIA_SECONDS: { warn: 120, wrong: 600 },
  SEARCH_LAG_SECONDS: { warn: 2, wrong: 10 },
  /** Of an issuer's keys: fetched every 600 s; past a day its tokens are refused. */
  ISSUER_KEYS_SECONDS: { warn: 1_200, wrong: 3_600 },
  /** Since all that was sold was in a signed checkpoint; one is made each second. */
  LEDGER_SECONDS: { warn: 10, wrong: 60 },
  /** Since the last pass of the archive over all shards. */
  ARCHIVE_SECONDS: { warn: 1_800, wrong: 3_600 },
  /** Days until the certificate of the proxy in front ends. */
  CERTIFICATE_DAYS: { warn: 30, wrong: 14 },
} as const;
