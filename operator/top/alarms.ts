// What is wrong now, by the lines at which the rules of `deploy/observe/` fire
// (`contracts/alarm-limits.ts`). Rules look at minutes; these look at two moments, and are for
// eyes.

import { ALARM_LIMITS as limits, SALE_BURNS } from '../../contracts/alarm-limits.ts';
import type { MetricName } from '../../contracts/metrics.ts';
import { SERVICE_BUDGETS } from '../../contracts/service-levels.ts';
import type { Look } from './picture.ts';
import { type Matches, maxOf, minOf, percentiles, rise, type Scrapes } from './samples.ts';

export interface Alarm {
  readonly name: string;
  readonly text: string;
}

type Raise = (isOn: boolean, name: string, text: string) => void;

/** Fewer requests between two looks say nothing of a share. */
const REQUESTS_MIN = 100;

interface Line {
  readonly name: string;
  readonly metric: MetricName;
  /** The largest value on any node that is not wrong. */
  readonly max: number;
  readonly matches?: Matches;
  /** What to look at. */
  readonly see?: string;
}

const seconds = (metric: MetricName, name: string, max: number): Line => ({ name, metric, max });

const LINES: readonly Line[] = [
  {
    name: 'shards damaged',
    metric: 'livedrops_shards',
    max: 0,
    matches: ({ status }) => status === 'damaged',
    see: 'livedrops shards --state damaged',
  },
  { name: 'shards without owner', metric: 'livedrops_shards_without_owner', max: 0 },
  {
    name: 'drops quarantined',
    metric: 'livedrops_drops_quarantined',
    max: 0,
    see: 'livedrops shards',
  },
  {
    name: 'mailbox full',
    metric: 'livedrops_shard_commands_waiting_max',
    max: limits.MAILBOX_COMMANDS.wrong,
  },
  { name: 'redis weak', metric: 'livedrops_redis_weak', max: 0, see: 'livedrops doctor' },
  seconds('nodejs_eventloop_lag_p99_seconds', 'loop held up', limits.LOOP_LAG_SECONDS.wrong),
  seconds('livedrops_relay_lag_seconds', 'consumer behind', limits.LAG_SECONDS.wrong),
  seconds('livedrops_search_lag_seconds', 'search behind', limits.SEARCH_LAG_SECONDS.wrong),
  seconds('livedrops_reach_oldest_seconds', 'people told late', limits.REACH_SECONDS.wrong),
  seconds('livedrops_webhooks_oldest_seconds', 'webhooks late', limits.WEBHOOK_SECONDS.wrong),
  seconds('livedrops_media_oldest_seconds', 'uploads late', limits.MEDIA_SECONDS.wrong),
  seconds('livedrops_jobs_overdue_seconds', 'jobs overdue', limits.JOB_OVERDUE_SECONDS.wrong),
  {
    name: 'refunds parked',
    metric: 'livedrops_refunds',
    max: 0,
    matches: ({ state }) => state === 'parked',
    see: 'livedrops refunds',
  },
  {
    name: 'payments disputed',
    metric: 'livedrops_payment_problems',
    max: 0,
    matches: ({ kind, open }) => kind === 'disputed' && open === 'true',
    see: 'livedrops payments',
  },
];

export function alarmsOf(before: Look, after: Look): Alarm[] {
  const { nodes, silent, scrapes } = after;
  const alarms: Alarm[] = [];
  const raise: Raise = (isOn, name, text) => {
    if (isOn) alarms.push({ name, text });
  };
  const lost = nodes.filter(({ state }) => state === 'lost').map(({ nodeId }) => nodeId);
  raise(lost.length > 0, 'node lost', lost.join(', '));
  raise(silent.length > 0, 'node silent', silent.join(', '));
  nodeAlarms(scrapes, raise);
  levelAlarms(before, after, raise);
  appendAlarms(before, after, raise);
  for (const { name, metric, max, matches, see } of LINES) {
    const value = maxOf(scrapes, metric, matches);
    const unit = metric.endsWith('_seconds') ? ' s' : '';
    const told = `${Number(value.toPrecision(3))}${unit}`;
    raise(value > max, name, see === undefined ? told : `${told}: ${see}`);
  }
  return alarms;
}

function nodeAlarms(scrapes: Scrapes, raise: Raise): void {
  for (const [url, samples] of scrapes) {
    const of = (wanted: MetricName) => samples.find(({ name }) => name === wanted)?.value;
    raise(of('livedrops_node_ready') === 0, 'node not ready', url);
    const skew = Math.abs(of('livedrops_clock_skew_seconds') ?? 0);
    raise(skew > limits.CLOCK_SKEW.wrong, 'clock wrong', `${skew.toFixed(1)} s on ${url}`);
    const [free, size] = [of('livedrops_disk_free_bytes'), of('livedrops_disk_size_bytes')];
    const share = free === undefined || !size ? 1 : free / size;
    const isFull = share < limits.DISK_FREE_SHARE.wrong;
    raise(isFull, 'disk full', `${(share * 100).toFixed(0)} % free on ${url}`);
  }
  raise(minOf(scrapes, 'livedrops_nats_connected') === 0, 'nats away', 'a node is not connected');
}

/** Budgets are burnt as fast as in a sale, when somebody is called. */
function levelAlarms(before: Look, after: Look, raise: Raise): void {
  const [was, is] = [before.scrapes, after.scrapes];
  const failedMax = SERVICE_BUDGETS.failures * SALE_BURNS.failures;
  for (const [wanted, budget] of [
    ['orders', SERVICE_BUDGETS.slowOrders],
    ['reads', SERVICE_BUDGETS.slowReads],
  ] as const) {
    const of: Matches = ({ kind }) => kind === wanted;
    const requests = rise(was, is, 'livedrops_service_requests_total', of);
    if (requests < REQUESTS_MIN) continue;
    const failed = rise(was, is, 'livedrops_service_failures_total', of) / requests;
    const slow = rise(was, is, 'livedrops_service_slow_total', of) / requests;
    raise(failed > failedMax, `${wanted} fail`, `${(failed * 100).toFixed(1)} % are 5xx`);
    const slowMax = budget * SALE_BURNS.slow;
    raise(slow > slowMax, `${wanted} slow`, `${(slow * 100).toFixed(0)} % past their level`);
  }
}

function appendAlarms(before: Look, after: Look, raise: Raise): void {
  const [was, is] = [before.scrapes, after.scrapes];
  const failed = rise(was, is, 'livedrops_journal_append_failures_total');
  raise(failed > 0, 'appends fail', String(failed));
  const { p99 = 0 } = percentiles(was, is, 'livedrops_journal_append_duration_seconds') ?? {};
  raise(p99 > limits.APPEND_P99_SECONDS.wrong, 'appends slow', `${(p99 * 1_000).toFixed(0)} ms`);
  const archive = rise(was, is, 'livedrops_archive_failures_total');
  raise(archive > 0, 'archive fails', String(archive));
}
