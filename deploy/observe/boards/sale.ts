// What one looks at while a drop sells, the most important first.

import type { Board } from '../board.ts';
import { perSecond } from '../expressions.ts';
import { ALARM_LIMITS as limits } from '../../../contracts/alarm-limits.ts';
import {
  ALARMS_FIRING,
  APPEND_LATENCY,
  CONSUMER_LAG,
  FAILURE_SHARE,
  FULLEST_MAILBOX,
  NODES_UP,
  ORDER_LATENCY,
  ORDERS,
  ORDERS_PER_SECOND,
  SLOW_ORDERS,
  SLOW_READS,
  UNOWNED,
  WATCHERS,
} from '../panels.ts';
import { ofNodes } from '../promql.ts';

export const SALE: Board = {
  name: 'sale',
  title: 'Sale',
  description:
    'Look here while a drop sells. Green numbers above: buyers get answers in time, and every ' +
    'shard sells. A red one leads to the board behind it, or to its alarm.',
  rows: [
    {
      title: 'Is it well?',
      panels: [
        ORDERS_PER_SECOND,
        FAILURE_SHARE,
        SLOW_ORDERS,
        SLOW_READS,
        NODES_UP,
        UNOWNED,
        WATCHERS,
        {
          title: 'Frames that slow watchers missed',
          description: 'Each second. They get the next one: stock is told as it is, not as it was.',
          unit: 'ops',
          kind: 'number',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_live_frames_dropped_total')),
              legend: 'frames',
            },
          ],
        },
      ],
    },
    {
      title: 'Orders',
      panels: [
        {
          title: 'Orders by answer',
          description: '2xx were placed; 4xx were refused, as sold out or otherwise; 5xx failed.',
          unit: 'reqps',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'no requests',
          queries: [
            {
              expr: perSecond(
                ofNodes('livedrops_http_request_duration_seconds_count', ORDERS),
                'status',
              ),
              legend: '{{status}}',
            },
          ],
        },
        ORDER_LATENCY,
        {
          title: 'Why orders are refused',
          description:
            'By the problem’s code. `sold-out` is how sales end; `overloaded`, `unavailable` and ' +
            '`internal` are ours.',
          unit: 'reqps',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'none is refused',
          queries: [
            {
              expr: `${perSecond(
                ofNodes('livedrops_http_refusals_total', { of: 'orders' }),
                'code',
              )} > 0`,
              legend: '{{code}}',
            },
          ],
        },
        {
          title: 'Orders that wait, and how many may',
          description:
            'The limit follows how quick answers are. Past it orders are 503 `overloaded`, so ' +
            'that those before them are answered in time.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: `sum(${ofNodes('livedrops_orders_waiting')})`, legend: 'wait' },
            { expr: `sum(${ofNodes('livedrops_orders_waiting_limit')})`, legend: 'may wait' },
          ],
        },
        FULLEST_MAILBOX,
        APPEND_LATENCY,
      ],
    },
    {
      title: 'The crowd',
      panels: [
        {
          title: 'Requests',
          description: 'Orders, reads, and all others, on all gateways.',
          unit: 'reqps',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_service_requests_total'), 'kind'),
              legend: '{{kind}}',
            },
          ],
        },
        {
          title: 'Reads by where their answer came from',
          description: '`hit` and `stale` waited for nothing; a `miss` was loaded.',
          unit: 'reqps',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_cache_reads_total'), 'result'),
              legend: '{{result}}',
            },
          ],
        },
        {
          title: 'Frames to watchers',
          description: 'Given to the fan-out, and missed by clients that read too slowly.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_live_frames_published_total')),
              legend: 'published',
            },
            { expr: perSecond(ofNodes('livedrops_live_frames_dropped_total')), legend: 'missed' },
          ],
        },
        {
          title: 'Requests in flight',
          description: 'Not answered yet. A gateway takes 50,000.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'above', ...limits.REQUESTS_IN_FLIGHT },
          queries: [{ expr: ofNodes('livedrops_http_requests_in_flight'), legend: '{{instance}}' }],
        },
      ],
    },
    { title: 'Behind it', panels: [CONSUMER_LAG, ALARMS_FIRING] },
  ],
};
