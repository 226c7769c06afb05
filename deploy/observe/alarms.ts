// What somebody is called for, or looks at within a day. Each has a section in docs/OPERATIONS.md.

import type { Alarm } from './alarm.ts';
import { BUDGET_ALARMS, SALE_ALARMS } from './burn-rates.ts';
import { ALARM_LIMITS as limits } from '../../contracts/alarm-limits.ts';
import { JOB, NODE_LABEL, series } from './promql.ts';

const NODES_UP = `${series('up', { job: JOB })} == 1`;

const CLUSTER = {
  LiveDropsNodeDown: {
    expr: `${series('up', { job: JOB })} == 0`,
    forSeconds: limits.NODE_DOWN_SECONDS,
    severity: 'page',
    summary: 'The node {{ $labels.instance }} does not answer.',
    runbook: 'A node is down',
  },
  // A node that service discovery forgets has no `up` any more.
  LiveDropsNodesFewer: {
    expr: `count(${NODES_UP}) < max_over_time(count(${NODES_UP})[15m:15s])`,
    forSeconds: 60,
    severity: 'ticket',
    summary: 'Fewer nodes answer than in the last 15 minutes.',
    runbook: 'A node is down',
  },
  LiveDropsNothingScraped: {
    expr: `absent(${series('up', { job: JOB })})`,
    forSeconds: 60,
    severity: 'page',
    summary: 'Prometheus knows no node of LiveDrops: no other alarm can fire.',
    runbook: 'No node is scraped',
  },
  LiveDropsNotReady: {
    expr: `${series('livedrops_node_ready')} == 0`,
    forSeconds: 60,
    severity: 'page',
    summary: 'The node {{ $labels.instance }} says that it cannot serve.',
    runbook: 'A node is not ready',
  },
  LiveDropsShardsUnowned: {
    expr: `max(${series('livedrops_shards_without_owner')}) > 0`,
    forSeconds: limits.SHARD_UNOWNED_SECONDS,
    severity: 'page',
    summary: 'Shards have no owner: their drops sell nothing.',
    runbook: 'Shards without an owner',
  },
  LiveDropsShardDamaged: {
    expr: `sum by (instance) (${series('livedrops_shards', { status: 'damaged' })}) > 0`,
    forSeconds: 0,
    severity: 'page',
    summary: 'A journal is damaged on {{ $labels.instance }}: its shard stays closed.',
    runbook: 'A shard is damaged',
  },
  LiveDropsDropQuarantined: {
    expr: `sum by (instance) (${series('livedrops_drops_quarantined')}) > 0`,
    forSeconds: 0,
    severity: 'page',
    summary: 'A drop on {{ $labels.instance }} is out of service after repeated faults.',
    runbook: 'A drop is out of service',
  },
  LiveDropsClockSkewed: {
    expr: `abs(${series('livedrops_clock_skew_seconds')}) > ${limits.CLOCK_SKEW.wrong}`,
    forSeconds: 15,
    severity: 'page',
    summary: 'The clock of {{ $labels.instance }} differs from that of Redis.',
    runbook: 'A clock is wrong',
  },
  LiveDropsMailboxFull: {
    expr: `max by (instance) (${series('livedrops_shard_commands_waiting_max')}) > ${
      limits.MAILBOX_COMMANDS.wrong
    }`,
    forSeconds: 5,
    severity: 'page',
    summary: 'A shard on {{ $labels.instance }} gets more than it can decide.',
    runbook: 'Orders are slow',
  },
  LiveDropsLoopBlocked: {
    expr: `max by (instance) (${series('nodejs_eventloop_lag_p99_seconds')}) > ${
      limits.LOOP_LAG_SECONDS.wrong
    }`,
    forSeconds: 60,
    severity: 'ticket',
    summary: 'The event loop of {{ $labels.instance }} is held up again and again.',
    runbook: 'The event loop is held up',
  },
} as const satisfies Record<string, Alarm>;

const ARCHIVE_PASSED = series('livedrops_archive_last_pass_timestamp_seconds');
const STARTED = series('process_start_time_seconds');

/** Since when the archive has not been through the journals is the first of these that is there. */
function late(passed: string, started: string): string {
  return `time() - (${passed} or ${started}) > ${limits.ARCHIVE_SECONDS.wrong}`;
}

const STORAGE = {
  LiveDropsAppendSlow: {
    expr: `histogram_quantile(0.99, sum by (instance, le) (rate(${series(
      'livedrops_journal_append_duration_seconds_bucket',
    )}[1m]))) > ${limits.APPEND_P99_SECONDS.wrong}`,
    forSeconds: 30,
    severity: 'page',
    summary:
      'Appends to the journal are slow on {{ $labels.instance }}: every order waits for one.',
    runbook: 'The journal is slow',
  },
  LiveDropsRedisWeak: {
    expr: `max(${series('livedrops_redis_weak')}) > 0`,
    forSeconds: 0,
    severity: 'page',
    summary: 'Redis could lose acknowledged orders with its settings.',
    runbook: 'Redis could lose orders',
  },
  LiveDropsDiskNearlyFull: {
    expr: `${series('livedrops_disk_free_bytes')} / ${series('livedrops_disk_size_bytes')} < ${
      limits.DISK_FREE_SHARE.wrong
    }`,
    forSeconds: 60,
    severity: 'page',
    summary: 'The disk of {{ $labels.instance }} is nearly full; on a full one nothing is sold.',
    runbook: 'A disk is nearly full',
  },
  LiveDropsArchiveFailing: {
    expr: `increase(${series('livedrops_archive_failures_total')}[15m]) > 0`,
    forSeconds: 0,
    severity: 'ticket',
    summary: 'Shards could not be archived by {{ $labels.instance }}: their journals grow.',
    runbook: 'The archive does not move on',
  },
  LiveDropsArchiveLate: {
    // A node that starts serves 0 until its own first pass: those of the last hour count, whoever
    // made them. Where none did, the time since the first of the nodes that archive started.
    expr: late(
      `max(max_over_time(${ARCHIVE_PASSED}[${limits.ARCHIVE_SECONDS.wrong}s]) > 0)`,
      `min(${STARTED} and on (${NODE_LABEL}) ${ARCHIVE_PASSED})`,
    ),
    forSeconds: 0,
    severity: 'ticket',
    summary: 'The archive has not been through the journals for an hour.',
    runbook: 'The archive does not move on',
  },
  LiveDropsConsumerLate: {
    expr: `max by (consumer) (${series('livedrops_relay_lag_seconds')}) > ${
      limits.LAG_SECONDS.wrong
    }`,
    forSeconds: 30,
    severity: 'page',
    summary: 'The consumer {{ $labels.consumer }} is behind the journals.',
    runbook: 'A consumer is late',
  },
  LiveDropsLedgerLate: {
    expr: `max(${series('livedrops_ledger_lag_seconds')}) > ${limits.LEDGER_SECONDS.wrong}`,
    forSeconds: 0,
    severity: 'ticket',
    summary: 'What was sold a minute ago is in no signed checkpoint of the ledger.',
    runbook: 'The ledger is late',
  },
  LiveDropsLedgerStuck: {
    expr: `max(${series('livedrops_ledger_stuck_trees')}) > 0`,
    forSeconds: 0,
    severity: 'page',
    summary: 'A journal is not what the ledger has signed of it.',
    runbook: 'The ledger is late',
  },
  LiveDropsSearchLate: {
    expr: `max by (instance) (${series('livedrops_search_lag_seconds')}) > ${
      limits.SEARCH_LAG_SECONDS.wrong
    }`,
    forSeconds: 60,
    severity: 'ticket',
    summary: 'The search index of {{ $labels.instance }} is behind.',
    runbook: 'A search index is late',
  },
  LiveDropsDrift: {
    expr: `sum by (kind) (increase(${series('livedrops_reconcile_mended_total')}[1h])) > 0`,
    forSeconds: 0,
    severity: 'ticket',
    summary: 'Counts or lists of the kind {{ $labels.kind }} differed from their truth.',
    runbook: 'Something drifted from its truth',
  },
} as const satisfies Record<string, Alarm>;

const REACH = {
  LiveDropsReachLate: {
    expr: `max(${series('livedrops_reach_oldest_seconds')}) > ${limits.REACH_SECONDS.wrong}`,
    forSeconds: 30,
    severity: 'page',
    summary: 'Pushes and mails of an event are late.',
    runbook: 'Pushes and mails are late',
  },
  LiveDropsWebhooksLate: {
    expr: `max(${series('livedrops_webhooks_oldest_seconds')}) > ${limits.WEBHOOK_SECONDS.wrong}`,
    forSeconds: 60,
    severity: 'ticket',
    summary: 'Outgoing webhooks wait for long.',
    runbook: 'Webhooks are late',
  },
  LiveDropsMediaLate: {
    expr: `max by (instance) (${series('livedrops_media_oldest_seconds')}) > ${
      limits.MEDIA_SECONDS.wrong
    }`,
    forSeconds: 60,
    severity: 'ticket',
    summary: 'Uploads wait for their processing on {{ $labels.instance }}.',
    runbook: 'Uploads are not processed',
  },
  LiveDropsMediaDown: {
    expr: `${series('livedrops_media_running')} == 0`,
    forSeconds: 60,
    severity: 'page',
    summary: 'The media process of {{ $labels.instance }} does not run.',
    runbook: 'Uploads are not processed',
  },
  LiveDropsJobsFailed: {
    expr: `max by (kind) (${series('livedrops_jobs', { state: 'failed' })}) > 0`,
    forSeconds: 0,
    severity: 'ticket',
    summary: 'A job of the kind {{ $labels.kind }} failed.',
    runbook: 'A job failed',
  },
  LiveDropsJobsOverdue: {
    expr: `max by (kind) (${series('livedrops_jobs_overdue_seconds')}) > ${
      limits.JOB_OVERDUE_SECONDS.wrong
    }`,
    forSeconds: 60,
    severity: 'ticket',
    summary: 'Jobs of the kind {{ $labels.kind }} are due and do not start.',
    runbook: 'Jobs do not start',
  },
} as const satisfies Record<string, Alarm>;

const BUSINESS = {
  LiveDropsRefundsParked: {
    expr: `max(${series('livedrops_refunds', { state: 'parked' })}) > 0`,
    forSeconds: 0,
    severity: 'ticket',
    summary: 'Refunds are parked: somebody waits for money.',
    runbook: 'Refunds are parked',
  },
  LiveDropsPaymentDisputed: {
    expr: `max(${series('livedrops_payment_problems', { kind: 'disputed', open: 'true' })}) > 0`,
    forSeconds: 0,
    severity: 'ticket',
    summary: 'A payer disputes a payment; the provider wants an answer in time.',
    runbook: 'Payments want a look',
  },
  LiveDropsPaymentWrongAmount: {
    expr: `sum(increase(${series('livedrops_payments_rejected_total', {
      reason: 'wrong-amount',
    })}[15m])) > 0`,
    forSeconds: 0,
    severity: 'page',
    summary: 'Payments come with amounts that are not those of their orders.',
    runbook: 'Payments want a look',
  },
  LiveDropsCapturesStuck: {
    expr: `sum(${series('livedrops_payment_calls_unfinished', { kind: 'capture' })}) > 0`,
    forSeconds: 600,
    severity: 'page',
    summary: 'Authorised payments are not captured.',
    runbook: 'Payments want a look',
  },
  LiveDropsIssuerKeysOld: {
    expr: `max by (issuer) (${series('livedrops_issuer_keys_age_seconds')}) > ${
      limits.ISSUER_KEYS_SECONDS.wrong
    }`,
    forSeconds: 0,
    severity: 'page',
    summary: 'The keys of {{ $labels.issuer }} are old; after a day its users cannot sign in.',
    runbook: 'Keys of an issuer are old',
  },
  LiveDropsCertificateEnds: {
    expr: `${series('probe_ssl_earliest_cert_expiry')} - time() < ${
      limits.CERTIFICATE_DAYS.wrong
    } * 86400`,
    forSeconds: 600,
    severity: 'page',
    summary: 'The certificate of {{ $labels.instance }} ends soon.',
    runbook: 'A certificate ends',
  },
} as const satisfies Record<string, Alarm>;

/** In the order in which they are in the rules. */
export const ALARM_GROUPS = {
  sale: SALE_ALARMS,
  'service-levels': BUDGET_ALARMS,
  cluster: CLUSTER,
  storage: STORAGE,
  reach: REACH,
  business: BUSINESS,
} as const satisfies Readonly<Record<string, Readonly<Record<string, Alarm>>>>;

type KeysOf<T> = T extends unknown ? keyof T : never;
export type AlarmName = KeysOf<(typeof ALARM_GROUPS)[keyof typeof ALARM_GROUPS]>;
