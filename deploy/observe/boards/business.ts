// What is sold, who comes, and money that wants a look.

import type { Board } from '../board.ts';
import { grownBy, perSecond } from '../expressions.ts';
import { ORDERS, ORDERS_PER_SECOND, WATCHERS } from '../panels.ts';
import { ofNodes } from '../promql.ts';

const NO_REQUESTS = 'no requests';

function requests(route: string, method: 'GET' | 'POST'): string {
  return perSecond(ofNodes('livedrops_http_request_duration_seconds_count', { method, route }));
}

export const BUSINESS: Board = {
  name: 'business',
  title: 'Business',
  description:
    'Sales as the servers see them, and payments that somebody must look at. Sums by drop and ' +
    'creator are in the analytics of each drop.',
  rows: [
    {
      title: 'Sales',
      panels: [
        ORDERS_PER_SECOND,
        {
          title: 'Orders in the time shown',
          description: 'How many orders were placed since the left end of the board.',
          unit: 'short',
          kind: 'number',
          thresholds: { when: 'never' },
          queries: [{ expr: grownBy(ofNodes('livedrops_orders_placed_total')), legend: 'orders' }],
        },
        {
          title: 'Drops that are live',
          description: 'Of all shards.',
          unit: 'short',
          kind: 'number',
          thresholds: { when: 'never' },
          queries: [
            { expr: `sum(${ofNodes('livedrops_drops', { state: 'live' })})`, legend: 'live' },
          ],
        },
        WATCHERS,
        {
          title: 'Orders by node',
          description: 'Placed each second, by the node that owns the drop.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_orders_placed_total'), 'instance'),
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Buyers who went away with nothing',
          description: 'Orders refused because a drop was sold out, not live yet, or over.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'nobody was refused',
          queries: [
            {
              expr: perSecond(
                ofNodes('livedrops_http_refusals_total', {
                  of: 'orders',
                  code: [
                    'sold-out',
                    'insufficient-stock',
                    'limit-per-user',
                    'drop-not-live',
                    'drop-ended',
                  ],
                }),
                'code',
              ),
              legend: '{{code}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Visitors',
      panels: [
        {
          title: 'What visitors do',
          description: 'Requests to see a drop, to search, to follow, to order, to sign up.',
          unit: 'reqps',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NO_REQUESTS,
          queries: [
            { expr: requests('/v1/drops/{id}', 'GET'), legend: 'see a drop' },
            { expr: requests('/v1/search', 'GET'), legend: 'search' },
            { expr: requests('/v1/creators/{id}/follow', 'POST'), legend: 'follow' },
            { expr: requests(ORDERS.route, ORDERS.method), legend: 'order' },
            { expr: requests('/v1/auth/register', 'POST'), legend: 'sign up' },
          ],
        },
        {
          title: 'Who listens',
          description: 'Drops, creators and users with live streams.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: `sum by (kind) (${ofNodes('livedrops_live_topics')})`, legend: '{{kind}}' },
          ],
        },
      ],
    },
    {
      title: 'Money',
      panels: [
        {
          title: 'Refunds that are not made',
          description: '`parked` ones wait for an operator: livedrops refunds.',
          unit: 'none',
          kind: 'number',
          thresholds: { when: 'any', is: 'wrong' },
          whenEmpty: 'not known yet',
          queries: [
            {
              expr: `max(${ofNodes('livedrops_refunds', { state: 'parked' })})`,
              legend: 'parked',
            },
          ],
        },
        {
          title: 'Disputes',
          description: 'Payments that their payers want back: livedrops payments.',
          unit: 'none',
          kind: 'number',
          thresholds: { when: 'any', is: 'wrong' },
          whenEmpty: 'none',
          queries: [
            {
              expr: `max(${ofNodes('livedrops_payment_problems', {
                kind: 'disputed',
                open: 'true',
              })})`,
              legend: 'open',
            },
          ],
        },
        {
          title: 'Payments that paid for nothing',
          description: 'In the time shown; their refunds are requested.',
          unit: 'none',
          kind: 'number',
          thresholds: { when: 'any', is: 'warn' },
          queries: [
            { expr: grownBy(ofNodes('livedrops_payments_rejected_total')), legend: 'rejected' },
          ],
        },
        {
          title: 'Counts that drifted',
          description: 'In the time shown: what differed from its truth, and was mended.',
          unit: 'none',
          kind: 'number',
          thresholds: { when: 'any', is: 'wrong' },
          queries: [
            { expr: grownBy(ofNodes('livedrops_reconcile_mended_total')), legend: 'mended' },
          ],
        },
        {
          title: 'Calls of the payment provider',
          description: 'They wait, are made, or will be repeated. With Stripe `open` is the crowd.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: `sum by (kind) (${ofNodes('livedrops_payment_calls_unfinished')})`,
              legend: '{{kind}}',
            },
          ],
        },
        {
          title: 'Payments to look at',
          description: 'Of the whole store, those that are open, by kind.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'none',
          queries: [
            {
              expr: `max by (kind) (${ofNodes('livedrops_payment_problems', { open: 'true' })})`,
              legend: '{{kind}}',
            },
            {
              expr: `max by (state) (${ofNodes('livedrops_refunds')})`,
              legend: 'refunds {{state}}',
            },
          ],
        },
        {
          title: 'Items compared with their truth',
          description: 'By the reconciliation, in calm moments.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_reconcile_compared_total'), 'kind'),
              legend: '{{kind}}',
            },
          ],
        },
      ],
    },
  ],
};
