// For each alarm: series with which it fires, and series with which it only just does not. Names
// and labels of series come from the table of metrics, so that a renamed metric is an error here.

import { SERVICE_BUDGETS } from '../../contracts/service-levels.ts';
import type { AlarmName } from '../../deploy/observe/alarms.ts';
import { ALARM_LIMITS as limits, SALE_BURNS } from '../../contracts/alarm-limits.ts';
import { JOB } from '../../deploy/observe/promql.ts';
import {
  above,
  type AlarmCase,
  burning,
  growing,
  has,
  type InputSeries,
  NODE,
  other,
} from './alarm-case.ts';

const IN_SALE = { stepSeconds: 5, atSeconds: 120, longSeconds: 120 };
const FAST = { stepSeconds: 60, atSeconds: 3_600 + 180, longSeconds: 3_600 };
const SLOW = { stepSeconds: 600, atSeconds: 21_600 + 1_200, longSeconds: 21_600 };
const LOW = { stepSeconds: 3_600, atSeconds: 259_200 + 7_200, longSeconds: 259_200 };
const { failures, slowOrders, slowReads } = SERVICE_BUDGETS;
const ARCHIVE_PASSED = 'livedrops_archive_last_pass_timestamp_seconds';
const FAILURES = 'livedrops_service_failures_total';
const SLOWNESS = 'livedrops_service_slow_total';

const SALE: Record<`LiveDrops${'Failures' | 'SlowOrders' | 'SlowReads'}InSale`, AlarmCase> = {
  LiveDropsFailuresInSale: burning(FAILURES, 'orders', {
    ...IN_SALE,
    share: failures * SALE_BURNS.failures,
  }),
  LiveDropsSlowOrdersInSale: burning(SLOWNESS, 'orders', {
    ...IN_SALE,
    share: slowOrders * SALE_BURNS.slow,
  }),
  LiveDropsSlowReadsInSale: burning(SLOWNESS, 'reads', {
    ...IN_SALE,
    share: slowReads * SALE_BURNS.slow,
  }),
};

export const ALARM_CASES: Readonly<Record<AlarmName, AlarmCase>> = {
  ...SALE,
  LiveDropsFailuresBurnFast: burning(FAILURES, 'orders', { ...FAST, share: failures * 14.4 }),
  LiveDropsFailuresBurnSlow: burning(FAILURES, 'reads', { ...SLOW, share: failures * 6 }),
  LiveDropsFailuresBurnLow: burning(FAILURES, 'reads', { ...LOW, share: failures }),
  LiveDropsSlowOrdersBurnFast: burning(SLOWNESS, 'orders', { ...FAST, share: slowOrders * 14.4 }),
  LiveDropsSlowOrdersBurnSlow: burning(SLOWNESS, 'orders', { ...SLOW, share: slowOrders * 6 }),
  LiveDropsSlowOrdersBurnLow: burning(SLOWNESS, 'orders', { ...LOW, share: slowOrders }),
  LiveDropsSlowReadsBurnFast: burning(SLOWNESS, 'reads', { ...FAST, share: slowReads * 14.4 }),
  LiveDropsSlowReadsBurnSlow: burning(SLOWNESS, 'reads', { ...SLOW, share: slowReads * 6 }),
  LiveDropsSlowReadsBurnLow: burning(SLOWNESS, 'reads', { ...LOW, share: slowReads }),

  LiveDropsNodeDown: {
    stepSeconds: 5,
    atSeconds: 20,
    firing: [has('up', 0, { job: JOB })],
    alerted: { job: JOB, instance: NODE },
    silent: {
      'it answers': [has('up', 1, { job: JOB })],
      'another job': [has('up', 0, { job: 'certificate' })],
    },
  },
  LiveDropsNodesFewer: {
    stepSeconds: 15,
    atSeconds: 240,
    firing: [has('up', 1, { job: JOB }), other('up', { value: 1, steps: 8 }, { job: JOB })],
    alerted: {},
    silent: {
      'as many as before': [has('up', 1, { job: JOB }), other('up', 1, { job: JOB })],
      'one more': [has('up', 1, { job: JOB }), other('up', { value: 0, steps: 2 }, { job: JOB })],
    },
  },
  LiveDropsNothingScraped: {
    stepSeconds: 5,
    atSeconds: 70,
    firing: [has('up', 1, { job: 'certificate' })],
    alerted: { job: JOB },
    silent: { 'a node is known, even if it is down': [has('up', 0, { job: JOB })] },
    whenMissing: { job: JOB },
  },
  LiveDropsNotReady: {
    stepSeconds: 5,
    atSeconds: 70,
    firing: [has('livedrops_node_ready', 0)],
    alerted: { instance: NODE },
    silent: { ready: [has('livedrops_node_ready', 1)] },
  },
  LiveDropsShardsUnowned: above('livedrops_shards_without_owner', 0, 10, {}),
  LiveDropsShardDamaged: {
    ...above('livedrops_shards', 0, 0, { instance: NODE }, { status: 'damaged' }),
    silent: {
      none: [has('livedrops_shards', 0, { status: 'damaged' })],
      'another status': [has('livedrops_shards', 3, { status: 'recovering' })],
    },
  },
  LiveDropsDropQuarantined: above('livedrops_drops_quarantined', 0, 0, { instance: NODE }),
  LiveDropsClockSkewed: {
    stepSeconds: 5,
    atSeconds: 25,
    firing: [has('livedrops_clock_skew_seconds', -0.6)],
    alerted: { instance: NODE },
    silent: { 'at the limit': [has('livedrops_clock_skew_seconds', -limits.CLOCK_SKEW.wrong)] },
  },
  LiveDropsMailboxFull: above(
    'livedrops_shard_commands_waiting_max',
    limits.MAILBOX_COMMANDS.wrong,
    5,
    { instance: NODE },
  ),
  LiveDropsLoopBlocked: above(
    'nodejs_eventloop_lag_p99_seconds',
    limits.LOOP_LAG_SECONDS.wrong,
    60,
    { instance: NODE },
  ),
  LiveDropsAppendSlow: {
    stepSeconds: 5,
    atSeconds: 120,
    // Of 100 appends in a step, 5 are not below 0.5 s.
    firing: appends({ upTo0_1: 90, upTo0_5: 95, all: 100 }),
    alerted: { instance: NODE },
    silent: { 'nearly all are quick': appends({ upTo0_1: 100, upTo0_5: 100, all: 100 }) },
  },
  LiveDropsRedisWeak: above('livedrops_redis_weak', 0, 0, {}),
  LiveDropsDiskNearlyFull: {
    stepSeconds: 5,
    atSeconds: 70,
    firing: disk(limits.DISK_FREE_SHARE.wrong - 0.01),
    alerted: { instance: NODE },
    silent: { 'at the limit': disk(limits.DISK_FREE_SHARE.wrong) },
  },
  LiveDropsArchiveFailing: growing('livedrops_archive_failures_total', { instance: NODE }),
  LiveDropsArchiveLate: {
    stepSeconds: 60,
    atSeconds: 7_200,
    firing: [has(ARCHIVE_PASSED, 0), has('process_start_time_seconds', 3_599)],
    alsoFiring: {
      'the last pass was long ago': [
        has(ARCHIVE_PASSED, 3_599),
        other(ARCHIVE_PASSED, 0),
        other('process_start_time_seconds', 7_100),
      ],
      'whoever archived was started anew, and nobody passed since': [
        has(ARCHIVE_PASSED, { value: 3_500, steps: 60 }),
        other(ARCHIVE_PASSED, 0),
        other('process_start_time_seconds', 0),
      ],
    },
    alerted: {},
    silent: {
      'at the limit': [has(ARCHIVE_PASSED, 3_600)],
      'no pass yet, and started an hour ago': [
        has(ARCHIVE_PASSED, 0),
        has('process_start_time_seconds', 3_600),
      ],
      'whoever passed was started anew a moment ago': [
        has(ARCHIVE_PASSED, { value: 5_000, steps: 100 }),
        other(ARCHIVE_PASSED, 0),
        other('process_start_time_seconds', 0),
      ],
      'nodes that do not archive': [has('process_start_time_seconds', 0)],
    },
  },
  LiveDropsConsumerLate: above(
    'livedrops_relay_lag_seconds',
    limits.LAG_SECONDS.wrong,
    30,
    { consumer: 'feed' },
    { consumer: 'feed' },
  ),
  LiveDropsLedgerLate: above('livedrops_ledger_lag_seconds', limits.LEDGER_SECONDS.wrong, 0, {}),
  LiveDropsLedgerStuck: above('livedrops_ledger_stuck_trees', 0, 0, {}),
  LiveDropsSearchLate: above('livedrops_search_lag_seconds', limits.SEARCH_LAG_SECONDS.wrong, 60, {
    instance: NODE,
  }),
  LiveDropsDrift: growing(
    'livedrops_reconcile_mended_total',
    { kind: 'follows' },
    { kind: 'follows' },
  ),
  LiveDropsReachLate: above('livedrops_reach_oldest_seconds', limits.REACH_SECONDS.wrong, 30, {}),
  LiveDropsWebhooksLate: above(
    'livedrops_webhooks_oldest_seconds',
    limits.WEBHOOK_SECONDS.wrong,
    60,
    {},
  ),
  LiveDropsMediaLate: above('livedrops_media_oldest_seconds', limits.MEDIA_SECONDS.wrong, 60, {
    instance: NODE,
  }),
  LiveDropsMediaDown: {
    stepSeconds: 5,
    atSeconds: 70,
    firing: [has('livedrops_media_running', 0)],
    alerted: { instance: NODE },
    silent: { 'it runs': [has('livedrops_media_running', 1)] },
  },
  LiveDropsJobsFailed: above(
    'livedrops_jobs',
    0,
    0,
    { kind: 'push-drop' },
    { kind: 'push-drop', state: 'failed' },
  ),
  LiveDropsJobsOverdue: above(
    'livedrops_jobs_overdue_seconds',
    limits.JOB_OVERDUE_SECONDS.wrong,
    60,
    { kind: 'push-drop' },
    { kind: 'push-drop' },
  ),
  LiveDropsRefundsParked: {
    ...above('livedrops_refunds', 0, 0, {}, { state: 'parked' }),
    silent: {
      none: [has('livedrops_refunds', 0, { state: 'parked' })],
      'they are tried again': [has('livedrops_refunds', 9, { state: 'retrying' })],
    },
  },
  LiveDropsPaymentDisputed: {
    ...above('livedrops_payment_problems', 0, 0, {}, { kind: 'disputed', open: 'true' }),
    silent: { closed: [has('livedrops_payment_problems', 9, { kind: 'disputed', open: 'false' })] },
  },
  LiveDropsPaymentWrongAmount: growing(
    'livedrops_payments_rejected_total',
    {},
    { reason: 'wrong-amount' },
  ),
  LiveDropsCapturesStuck: {
    ...above('livedrops_payment_calls_unfinished', 0, 600, {}, { kind: 'capture' }),
    silent: { 'the crowd waits': [has('livedrops_payment_calls_unfinished', 9, { kind: 'open' })] },
  },
  LiveDropsIssuerKeysOld: above(
    'livedrops_issuer_keys_age_seconds',
    limits.ISSUER_KEYS_SECONDS.wrong,
    0,
    { issuer: 'https://shop.example' },
    { issuer: 'https://shop.example' },
  ),
  LiveDropsCertificateEnds: {
    stepSeconds: 5,
    atSeconds: 610,
    firing: [has('probe_ssl_earliest_cert_expiry', -10 + limits.CERTIFICATE_DAYS.wrong * 86_400)],
    alerted: { instance: NODE },
    silent: {
      'it ends later': [
        has('probe_ssl_earliest_cert_expiry', 620 + limits.CERTIFICATE_DAYS.wrong * 86_400),
      ],
    },
  },
};

/** How many a step are at most as slow as each bound. */
function appends(counts: { upTo0_1: number; upTo0_5: number; all: number }): InputSeries[] {
  const bounds = { 0.1: counts.upTo0_1, 0.5: counts.upTo0_5, '+Inf': counts.all };
  return Object.entries(bounds).map(([le, grows]) => {
    const metric = 'livedrops_journal_append_duration_seconds_bucket';
    return { metric, name: `${metric}{instance="${NODE}", le="${le}"}`, value: { grows } };
  });
}

function disk(free: number): InputSeries[] {
  return [has('livedrops_disk_free_bytes', free * 1e12), has('livedrops_disk_size_bytes', 1e12)];
}
