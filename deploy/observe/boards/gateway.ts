// Requests, caches and live streams, as gateways see them.

import type { Board } from '../board.ts';
import { perSecond, quantile, shareOfRates } from '../expressions.ts';
import { ALARM_LIMITS as limits } from '../../../contracts/alarm-limits.ts';
import { FAILURE_SHARE, LOOP_LAG, SLOW_ORDERS, SLOW_READS, WATCHERS } from '../panels.ts';
import { ofNodes } from '../promql.ts';

const NO_REQUESTS = 'no requests';

export const GATEWAY: Board = {
  name: 'gateway',
  title: 'Gateway',
  description: 'How requests are answered, by route; caches, limits and live streams.',
  rows: [
    {
      title: 'Service levels',
      panels: [FAILURE_SHARE, SLOW_ORDERS, SLOW_READS, WATCHERS],
    },
    {
      title: 'Requests',
      panels: [
        {
          title: 'By status',
          description: 'All routes together.',
          unit: 'reqps',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NO_REQUESTS,
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_http_request_duration_seconds_count'), 'status'),
              legend: '{{status}}',
            },
          ],
        },
        {
          title: 'Failures by route',
          description: 'Answers 5xx. The log has a line for each, with its request’s id.',
          unit: 'reqps',
          kind: 'lines',
          thresholds: { when: 'any', is: 'wrong' },
          whenEmpty: 'nothing fails',
          queries: [
            {
              expr: perSecond(
                ofNodes('livedrops_http_request_duration_seconds_count', { status: '5xx' }),
                'method',
                'route',
              ),
              legend: '{{method}} {{route}}',
            },
          ],
        },
        {
          title: 'The slowest routes',
          description: 'The 95th percentile of each, the ten slowest.',
          unit: 's',
          kind: 'lines',
          thresholds: { when: 'above', warn: 0.2, wrong: 0.5 },
          whenEmpty: NO_REQUESTS,
          queries: [
            {
              expr: `topk(10, ${quantile(
                0.95,
                ofNodes('livedrops_http_request_duration_seconds_bucket'),
                'method',
                'route',
              )})`,
              legend: '{{method}} {{route}}',
            },
          ],
        },
        {
          title: 'The busiest routes',
          description: 'Requests of the ten that are asked most.',
          unit: 'reqps',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NO_REQUESTS,
          queries: [
            {
              expr: `topk(10, ${perSecond(
                ofNodes('livedrops_http_request_duration_seconds_count'),
                'method',
                'route',
              )})`,
              legend: '{{method}} {{route}}',
            },
          ],
        },
        {
          title: 'Refusals',
          description: 'By the problem’s code, orders and all others.',
          unit: 'reqps',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'nothing is refused',
          queries: [
            {
              expr: `${perSecond(ofNodes('livedrops_http_refusals_total'), 'of', 'code')} > 0`,
              legend: '{{of}}: {{code}}',
            },
          ],
        },
        {
          title: 'In flight',
          description: 'Not answered yet. A gateway takes 50,000.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'above', ...limits.REQUESTS_IN_FLIGHT },
          queries: [{ expr: ofNodes('livedrops_http_requests_in_flight'), legend: '{{instance}}' }],
        },
        {
          title: 'Refused by limits',
          description: 'By limit: one client asks too often, or limits are too low for a crowd.',
          unit: 'reqps',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'limits are off',
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_rate_limited_total'), 'limit'),
              legend: '{{limit}}',
            },
          ],
        },
        {
          title: 'What limits remember',
          description: 'Addresses and users that are counted now.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'limits are off',
          queries: [
            {
              expr: `sum by (limit) (${ofNodes('livedrops_rate_limit_keys')})`,
              legend: '{{limit}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Caches',
      panels: [
        {
          title: 'Reads that waited for nothing',
          description: 'The share of hits and stale answers, by kind.',
          unit: 'percentunit',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'nothing is read',
          queries: [
            {
              expr: shareOfRates(
                ofNodes('livedrops_cache_reads_total', { result: ['hit', 'stale'] }),
                ofNodes('livedrops_cache_reads_total'),
                'kind',
              ),
              legend: '{{kind}}',
            },
          ],
        },
        {
          title: 'What went wrong in caches',
          description:
            'Loads that failed, entries that went for want of room, and changes that no message ' +
            'had told.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: perSecond(ofNodes('livedrops_cache_faults_total')), legend: 'faults' },
            { expr: perSecond(ofNodes('livedrops_cache_evictions_total')), legend: 'no room' },
            { expr: perSecond(ofNodes('livedrops_cache_drifts_total')), legend: 'drifts' },
          ],
        },
        {
          title: 'Size',
          description: 'Estimated, by kind, of all gateways.',
          unit: 'bytes',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: `sum by (kind) (${ofNodes('livedrops_cache_bytes')})`, legend: '{{kind}}' },
          ],
        },
        {
          title: 'Entries',
          description: 'By kind, of all gateways; and drop views that are kept up to date.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: `sum by (kind) (${ofNodes('livedrops_cache_entries')})`, legend: '{{kind}}' },
            { expr: `sum(${ofNodes('livedrops_gateway_watched_drops')})`, legend: 'drop views' },
          ],
        },
      ],
    },
    {
      title: 'Live streams',
      panels: [
        {
          title: 'Streams and topics',
          description: 'Open streams, and what they listen to.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: `sum(${ofNodes('livedrops_live_connections')})`, legend: 'streams' },
            { expr: `sum by (kind) (${ofNodes('livedrops_live_topics')})`, legend: '{{kind}}' },
          ],
        },
        {
          title: 'Frames and notifications',
          description: 'Given to the fan-out, missed by slow clients; notifications sent.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_live_frames_published_total')),
              legend: 'published',
            },
            { expr: perSecond(ofNodes('livedrops_live_frames_dropped_total')), legend: 'missed' },
            {
              expr: perSecond(ofNodes('livedrops_live_notifications_sent_total')),
              legend: 'notifications',
            },
          ],
        },
        {
          title: 'Streams that the server ended',
          description: 'By close code: docs/LIVE.md.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'none was ended',
          queries: [
            { expr: perSecond(ofNodes('livedrops_live_closed_total'), 'code'), legend: '{{code}}' },
          ],
        },
        LOOP_LAG,
      ],
    },
    {
      title: 'Who is let in',
      panels: [
        {
          title: 'Age of issuers’ keys',
          description: 'Fetched every 600 s. Past a day the issuer’s tokens are refused.',
          unit: 's',
          kind: 'lines',
          thresholds: { when: 'above', ...limits.ISSUER_KEYS_SECONDS },
          whenEmpty: 'no issuer is configured',
          queries: [
            {
              expr: `max by (issuer) (${ofNodes('livedrops_issuer_keys_age_seconds')})`,
              legend: '{{issuer}}',
            },
          ],
        },
        {
          title: 'Banned, suspended, taken down',
          description: 'How many users, sellers and things gateways know of.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: `max(${ofNodes('livedrops_gateway_restricted')})`, legend: 'restricted' },
          ],
        },
      ],
    },
  ],
};
