// Panels that more than one board has.

import { SERVICE_BUDGETS, SLOW_AFTER_MS } from '../../contracts/service-levels.ts';
import type { Panel } from './board.ts';
import { perSecond, quantile, shareOfRates } from './expressions.ts';
import { ALARM_LIMITS as limits, SALE_BURNS } from '../../contracts/alarm-limits.ts';
import { JOB, ofNodes, series } from './promql.ts';

/** The route of orders, whose requests take a path of their own. */
export const ORDERS = { method: 'POST', route: '/v1/drops/{id}/orders' } as const;
const NONE_YET = 'no requests';

export const ORDERS_PER_SECOND: Panel = {
  title: 'Orders placed',
  description: 'Orders that shards have placed and made durable, each second.',
  unit: 'ops',
  kind: 'number',
  thresholds: { when: 'never' },
  queries: [{ expr: perSecond(ofNodes('livedrops_orders_placed_total')), legend: 'orders' }],
};

export const FAILURE_SHARE: Panel = {
  title: 'Requests that fail',
  description: 'The share of requests that were answered 5xx. The level is 0.1 % over 30 days.',
  unit: 'percentunit',
  kind: 'number',
  thresholds: {
    when: 'above',
    warn: SERVICE_BUDGETS.failures,
    wrong: SERVICE_BUDGETS.failures * SALE_BURNS.failures,
  },
  whenEmpty: NONE_YET,
  queries: [
    {
      expr: shareOfRates(
        ofNodes('livedrops_service_failures_total'),
        ofNodes('livedrops_service_requests_total'),
      ),
      legend: 'failed',
    },
  ],
};

function slowShare(kind: 'orders' | 'reads', budget: number): Panel {
  const ms = SLOW_AFTER_MS[kind];
  return {
    title: `${kind === 'orders' ? 'Orders' : 'Reads'} over ${ms} ms`,
    description: `The share of ${kind} that took longer than their level, which is ${
      budget * 100
    } % over 30 days.`,
    unit: 'percentunit',
    kind: 'number',
    thresholds: { when: 'above', warn: budget, wrong: budget * SALE_BURNS.slow },
    whenEmpty: NONE_YET,
    queries: [
      {
        expr: shareOfRates(
          ofNodes('livedrops_service_slow_total', { kind }),
          ofNodes('livedrops_service_requests_total', { kind }),
        ),
        legend: kind,
      },
    ],
  };
}

export const SLOW_ORDERS = slowShare('orders', SERVICE_BUDGETS.slowOrders);
export const SLOW_READS = slowShare('reads', SERVICE_BUDGETS.slowReads);

export const WATCHERS: Panel = {
  title: 'Who watches',
  description: 'Open live streams.',
  unit: 'short',
  kind: 'number',
  thresholds: { when: 'never' },
  queries: [{ expr: `sum(${ofNodes('livedrops_live_connections')})`, legend: 'streams' }],
};

export const ALARMS_FIRING: Panel = {
  title: 'Alarms',
  description: 'Alarms that fire now, by name. Each has a section in docs/OPERATIONS.md.',
  unit: 'none',
  kind: 'table',
  thresholds: { when: 'any', is: 'wrong' },
  whenEmpty: 'no alarm fires',
  queries: [
    {
      expr: `count by (alertname, severity) (${series('ALERTS', { alertstate: 'firing' })})`,
      legend: '{{alertname}}',
    },
  ],
};

export const NODES_UP: Panel = {
  title: 'Nodes that do not answer',
  description: 'Nodes that Prometheus cannot scrape. A restart takes some seconds.',
  unit: 'none',
  kind: 'number',
  thresholds: { when: 'any', is: 'wrong' },
  queries: [{ expr: `sum(1 - ${ofNodes('up', { job: JOB })})`, legend: 'down' }],
};

export const UNOWNED: Panel = {
  title: 'Shards without an owner',
  description: 'Their drops sell nothing. After the loss of a node it takes some seconds.',
  unit: 'none',
  kind: 'number',
  thresholds: { when: 'any', is: 'wrong' },
  whenEmpty: 'one node alone',
  queries: [{ expr: `max(${ofNodes('livedrops_shards_without_owner')})`, legend: 'without owner' }],
};

export const ORDER_LATENCY: Panel = {
  title: 'How long orders take',
  description: 'From the head of the request to the reply, in the gateway. The level is 500 ms.',
  unit: 's',
  kind: 'lines',
  thresholds: { when: 'above', warn: 0.2, wrong: SLOW_AFTER_MS.orders / 1000 },
  whenEmpty: NONE_YET,
  queries: [0.5, 0.95, 0.99].map((share) => ({
    expr: quantile(share, ofNodes('livedrops_http_request_duration_seconds_bucket', ORDERS)),
    legend: `${share * 100} %`,
  })),
};

export const APPEND_LATENCY: Panel = {
  title: 'How long appends take',
  description:
    'Until an entry of a journal is durable: the disk, or Redis with its disk. Every order waits ' +
    'for one.',
  unit: 's',
  kind: 'lines',
  thresholds: { when: 'above', ...limits.APPEND_P99_SECONDS },
  whenEmpty: 'nothing is appended',
  queries: [0.5, 0.99].map((share) => ({
    expr: quantile(share, ofNodes('livedrops_journal_append_duration_seconds_bucket'), 'instance'),
    legend: `{{instance}} ${share * 100} %`,
  })),
};

export const CONSUMER_LAG: Panel = {
  title: 'How far consumers are behind',
  description:
    'For how long the oldest event waits that a consumer has not taken: lists, notifications, ' +
    'payments, webhooks.',
  unit: 's',
  kind: 'lines',
  thresholds: { when: 'above', ...limits.LAG_SECONDS },
  queries: [
    {
      expr: `max by (consumer) (${ofNodes('livedrops_relay_lag_seconds')})`,
      legend: '{{consumer}}',
    },
  ],
};

export const FULLEST_MAILBOX: Panel = {
  title: 'The fullest mailbox',
  description: 'Commands that wait at one shard. A mailbox takes 8,192; more are refused.',
  unit: 'short',
  kind: 'lines',
  thresholds: { when: 'above', ...limits.MAILBOX_COMMANDS },
  queries: [
    {
      expr: `max by (instance) (${ofNodes('livedrops_shard_commands_waiting_max')})`,
      legend: '{{instance}}',
    },
  ],
};

export const LOOP_LAG: Panel = {
  title: 'Event loop: the slowest 1 %',
  description: 'How late the main thread is for its timers. Everything on the node waits as long.',
  unit: 's',
  kind: 'lines',
  thresholds: { when: 'above', ...limits.LOOP_LAG_SECONDS },
  queries: [
    {
      expr: `max by (instance) (${ofNodes('nodejs_eventloop_lag_p99_seconds')})`,
      legend: '{{instance}}',
    },
  ],
};
