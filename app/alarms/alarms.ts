// What is wrong now, by the lines at which the rules of `deploy/observe/` fire
// (`contracts/alarm-limits.ts`). Rules look at minutes; these look at two moments, and are for
// eyes. Pure: `livedrops top` and the API give what they read of the nodes.

import { ALARM_LIMITS as limits, SALE_BURNS } from '../../contracts/alarm-limits.ts';
import { type Alarm, type AlarmName, ALARMS } from '../../contracts/alarms.ts';
import { type MetricName, METRICS } from '../../contracts/metrics.ts';
import { SERVICE_BUDGETS } from '../../contracts/service-levels.ts';
import {
  type Matches,
  maxByNode,
  maxOf,
  minByNode,
  percentiles,
  rise,
  type Scrapes,
} from './samples.ts';

/** What was read of the nodes at one moment. */
export interface Measured {
  /** The ids of nodes that ended without leaving. */
  readonly lost: readonly string[];
  /** Nodes that live, and did not answer. */
  readonly silent: readonly string[];
  readonly scrapes: Scrapes;
}

/** Raised where the value is past the limit. */
interface Finding {
  readonly value: number;
  readonly limit: number;
  readonly nodes?: readonly string[];
}

type Raise = (name: AlarmName, finding: Finding) => void;

/** Where a server shows docs/OPERATIONS.md. */
const RUNBOOKS = '/docs/guides/operations';
/** Fewer requests between two looks say nothing of a share. */
const REQUESTS_MIN = 100;

interface Line {
  readonly metric: MetricName;
  /** The largest value on any node that is not wrong. */
  readonly max: number;
  readonly matches?: Matches;
}

const LINES = {
  'redis-weak': { metric: 'livedrops_redis_weak', max: 0 },
  'shards-without-owner': { metric: 'livedrops_shards_without_owner', max: 0 },
  'shards-damaged': {
    metric: 'livedrops_shards',
    max: 0,
    matches: ({ status }) => status === 'damaged',
  },
  'drops-quarantined': { metric: 'livedrops_drops_quarantined', max: 0 },
  'mailbox-full': {
    metric: 'livedrops_shard_commands_waiting_max',
    max: limits.MAILBOX_COMMANDS.wrong,
  },
  'consumer-behind': { metric: 'livedrops_relay_lag_seconds', max: limits.LAG_SECONDS.wrong },
  'people-told-late': { metric: 'livedrops_reach_oldest_seconds', max: limits.REACH_SECONDS.wrong },
  'ledger-stuck': { metric: 'livedrops_ledger_stuck_trees', max: 0 },
  'ledger-late': { metric: 'livedrops_ledger_lag_seconds', max: limits.LEDGER_SECONDS.wrong },
  'loop-held-up': {
    metric: 'nodejs_eventloop_lag_p99_seconds',
    max: limits.LOOP_LAG_SECONDS.wrong,
  },
  'search-behind': { metric: 'livedrops_search_lag_seconds', max: limits.SEARCH_LAG_SECONDS.wrong },
  'webhooks-late': {
    metric: 'livedrops_webhooks_oldest_seconds',
    max: limits.WEBHOOK_SECONDS.wrong,
  },
  'uploads-late': { metric: 'livedrops_media_oldest_seconds', max: limits.MEDIA_SECONDS.wrong },
  'jobs-overdue': {
    metric: 'livedrops_jobs_overdue_seconds',
    max: limits.JOB_OVERDUE_SECONDS.wrong,
  },
  'refunds-parked': {
    metric: 'livedrops_refunds',
    max: 0,
    matches: ({ state }) => state === 'parked',
  },
  'payments-disputed': {
    metric: 'livedrops_payment_problems',
    max: 0,
    matches: ({ kind, open }) => kind === 'disputed' && open === 'true',
  },
} as const satisfies Readonly<Partial<Record<AlarmName, Line>>>;

/** All that the rules below read. */
export const ALARM_METRICS: readonly MetricName[] = [
  'livedrops_node_ready',
  'livedrops_nats_connected',
  'livedrops_clock_skew_seconds',
  'livedrops_disk_free_bytes',
  'livedrops_disk_size_bytes',
  'livedrops_service_requests_total',
  'livedrops_service_failures_total',
  'livedrops_service_slow_total',
  'livedrops_journal_append_failures_total',
  'livedrops_journal_append_duration_seconds',
  'livedrops_archive_failures_total',
  ...new Set(Object.values(LINES).map(({ metric }) => metric)),
];

const ORDER = Object.keys(ALARMS) as AlarmName[];

/** In the order of `ALARMS`. Rises and shares are of what came between the two. */
export function alarmsOf(before: Scrapes, after: Measured): Alarm[] {
  const { lost, silent, scrapes } = after;
  const alarms: Alarm[] = [];
  const raise: Raise = (name, { value, limit, nodes = [] }) => {
    if (value > limit) alarms.push({ ...told(name), name, nodes: [...nodes], value, limit });
  };
  raise('node-lost', { value: lost.length, limit: 0, nodes: lost });
  raise('node-silent', { value: silent.length, limit: 0, nodes: silent });
  nodeAlarms(scrapes, raise);
  levelAlarms(before, scrapes, raise);
  appendAlarms(before, scrapes, raise);
  for (const [name, line] of Object.entries(LINES) as [AlarmName, Line][]) {
    const { metric, max, matches } = line;
    const nodes =
      METRICS[metric].scope === 'store' ? [] : past(maxByNode(scrapes, metric, matches), max);
    raise(name, { value: maxOf(scrapes, metric, matches), limit: max, nodes });
  }
  return alarms.toSorted((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
}

function told(name: AlarmName): Pick<Alarm, 'severity' | 'unit' | 'runbook' | 'command'> {
  const { severity, unit, section, ...more } = ALARMS[name];
  const command = 'command' in more ? more.command : null;
  return { severity, unit, runbook: `${RUNBOOKS}#${section}`, command };
}

function past(values: ReadonlyMap<string, number>, max: number): string[] {
  return [...values].flatMap(([node, value]) => (value > max ? [node] : []));
}

function nodeAlarms(scrapes: Scrapes, raise: Raise): void {
  for (const [name, metric] of [
    ['node-not-ready', 'livedrops_node_ready'],
    ['nats-away', 'livedrops_nats_connected'],
  ] as const) {
    const nodes = [...minByNode(scrapes, metric)].flatMap(([node, is]) => (is === 0 ? node : []));
    raise(name, { value: nodes.length, limit: 0, nodes });
  }
  const skews = maxByNode(scrapes, 'livedrops_clock_skew_seconds', undefined, Math.abs);
  raiseWorst('clock-wrong', skews, limits.CLOCK_SKEW.wrong, raise);
  const free = minByNode(scrapes, 'livedrops_disk_free_bytes');
  const used = new Map<string, number>();
  for (const [node, size] of maxByNode(scrapes, 'livedrops_disk_size_bytes')) {
    const rest = free.get(node);
    if (rest !== undefined && size > 0) used.set(node, 1 - rest / size);
  }
  raiseWorst('disk-full', used, 1 - limits.DISK_FREE_SHARE.wrong, raise);
}

function raiseWorst(
  name: AlarmName,
  values: ReadonlyMap<string, number>,
  limit: number,
  raise: Raise,
): void {
  raise(name, { value: Math.max(...values.values()), limit, nodes: past(values, limit) });
}

/** Budgets are burnt as fast as in a sale, when somebody is called. */
function levelAlarms(before: Scrapes, after: Scrapes, raise: Raise): void {
  const failedMax = SERVICE_BUDGETS.failures * SALE_BURNS.failures;
  for (const [wanted, budget] of [
    ['orders', SERVICE_BUDGETS.slowOrders],
    ['reads', SERVICE_BUDGETS.slowReads],
  ] as const) {
    const of: Matches = ({ kind }) => kind === wanted;
    const requests = rise(before, after, 'livedrops_service_requests_total', of);
    if (requests < REQUESTS_MIN) continue;
    const failed = rise(before, after, 'livedrops_service_failures_total', of) / requests;
    const slow = rise(before, after, 'livedrops_service_slow_total', of) / requests;
    raise(`${wanted}-fail`, { value: failed, limit: failedMax });
    raise(`${wanted}-slow`, { value: slow, limit: budget * SALE_BURNS.slow });
  }
}

function appendAlarms(before: Scrapes, after: Scrapes, raise: Raise): void {
  const failed = rise(before, after, 'livedrops_journal_append_failures_total');
  raise('appends-fail', { value: failed, limit: 0 });
  const metric = 'livedrops_journal_append_duration_seconds';
  const { p99 = 0 } = percentiles(before, after, metric) ?? {};
  raise('appends-slow', { value: p99, limit: limits.APPEND_P99_SECONDS.wrong });
  const archive = rise(before, after, 'livedrops_archive_failures_total');
  raise('archive-fails', { value: archive, limit: 0 });
}
