// People and systems that are told: pushes, mails, webhooks; jobs and pictures behind them.

import type { Board } from '../board.ts';
import { perSecond, quantile } from '../expressions.ts';
import { ALARM_LIMITS as limits } from '../../../contracts/alarm-limits.ts';
import { ofNodes } from '../promql.ts';

const NOBODY = 'nobody was told';

export const REACH: Board = {
  name: 'reach',
  title: 'Reach',
  description: 'Pushes, mails and webhooks: how soon they are out, and why some are not.',
  rows: [
    {
      title: 'Is it well?',
      panels: [
        {
          title: 'Oldest push or mail to come',
          description: 'Since the event of the oldest fan-out that still runs.',
          unit: 's',
          kind: 'number',
          thresholds: { when: 'above', ...limits.REACH_SECONDS },
          queries: [{ expr: `max(${ofNodes('livedrops_reach_oldest_seconds')})`, legend: 'age' }],
        },
        {
          title: 'Oldest webhook to come',
          description: 'The age of the oldest event that is not sent yet.',
          unit: 's',
          kind: 'number',
          thresholds: { when: 'above', ...limits.WEBHOOK_SECONDS },
          queries: [
            { expr: `max(${ofNodes('livedrops_webhooks_oldest_seconds')})`, legend: 'age' },
          ],
        },
        {
          title: 'Oldest upload to come',
          description: 'For how long the oldest upload has waited for its variants.',
          unit: 's',
          kind: 'number',
          thresholds: { when: 'above', ...limits.MEDIA_SECONDS },
          whenEmpty: 'no node takes media',
          queries: [{ expr: `max(${ofNodes('livedrops_media_oldest_seconds')})`, legend: 'age' }],
        },
        {
          title: 'Jobs that failed',
          description: 'livedrops jobs --state failed tells which, and why.',
          unit: 'none',
          kind: 'number',
          thresholds: { when: 'any', is: 'wrong' },
          whenEmpty: 'none failed',
          queries: [
            {
              expr: `max(sum by (instance) (${ofNodes('livedrops_jobs', { state: 'failed' })}))`,
              legend: 'failed',
            },
          ],
        },
      ],
    },
    {
      title: 'People',
      panels: [
        {
          title: 'From the event to the message',
          description: 'The level: 95 % of browsers within 60 s.',
          unit: 's',
          kind: 'lines',
          thresholds: { when: 'above', ...limits.REACH_SECONDS },
          whenEmpty: NOBODY,
          queries: [0.5, 0.95].map((share) => ({
            expr: quantile(share, ofNodes('livedrops_reach_lag_seconds_bucket')),
            legend: `${share * 100} %`,
          })),
        },
        {
          title: 'Messages to people',
          description: 'By way and outcome; `online` are people passed over, who see it live.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NOBODY,
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_reach_messages_total'), 'channel', 'outcome'),
              legend: '{{channel}}: {{outcome}}',
            },
          ],
        },
        {
          title: 'Pushes by service',
          description: 'By the outcome of each try.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NOBODY,
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_push_messages_total'), 'service', 'outcome'),
              legend: '{{service}}: {{outcome}}',
            },
          ],
        },
        {
          title: 'Push services',
          description:
            'Origins that are sent to, and those left alone for a while; pushes waiting.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: `sum by (state) (${ofNodes('livedrops_push_services')})`, legend: '{{state}}' },
            { expr: `sum(${ofNodes('livedrops_push_under_way')})`, legend: 'pushes under way' },
          ],
        },
      ],
    },
    {
      title: 'Webhooks',
      panels: [
        {
          title: 'Calls',
          description: 'Taken, and failed by reason. Failed ones are called again.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'no call failed',
          queries: [
            { expr: perSecond(ofNodes('livedrops_webhooks_sent_total')), legend: 'taken' },
            {
              expr: perSecond(ofNodes('livedrops_webhooks_failed_total'), 'reason'),
              legend: '{{reason}}',
            },
          ],
        },
        {
          title: 'From the event to the call that was taken',
          description: 'The 95th percentile.',
          unit: 's',
          kind: 'lines',
          thresholds: { when: 'above', ...limits.WEBHOOK_SECONDS },
          whenEmpty: 'no webhook was called',
          queries: [
            {
              expr: quantile(0.95, ofNodes('livedrops_webhooks_lag_seconds_bucket')),
              legend: '95 %',
            },
          ],
        },
        {
          title: 'Webhooks, and calls that wait',
          description: 'Of the whole store. `behind` are fed from the journals.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: `max(${ofNodes('livedrops_webhooks')})`, legend: 'webhooks' },
            { expr: `max(${ofNodes('livedrops_webhooks_enabled')})`, legend: 'enabled' },
            { expr: `max(${ofNodes('livedrops_webhooks_waiting')})`, legend: 'calls waiting' },
            { expr: `max(${ofNodes('livedrops_webhooks_behind')})`, legend: 'behind' },
          ],
        },
      ],
    },
    {
      title: 'Jobs and media',
      panels: [
        {
          title: 'Jobs',
          description: 'Of the whole store, by kind, that wait or run.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'no jobs',
          queries: [
            {
              expr: `max by (kind, state) (${ofNodes('livedrops_jobs', {
                state: ['queued', 'running'],
              })})`,
              legend: '{{kind}}: {{state}}',
            },
          ],
        },
        {
          title: 'Jobs that are due, and did not start',
          description: 'For how long, by kind.',
          unit: 's',
          kind: 'lines',
          thresholds: { when: 'above', ...limits.JOB_OVERDUE_SECONDS },
          whenEmpty: 'no job is late',
          queries: [
            {
              expr: `max by (kind) (${ofNodes('livedrops_jobs_overdue_seconds')})`,
              legend: '{{kind}}',
            },
          ],
        },
        {
          title: 'Uploads to process',
          description: 'They wait for their variants, or are being processed.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'no node takes media',
          queries: [{ expr: ofNodes('livedrops_media_waiting'), legend: '{{instance}}' }],
        },
        {
          title: 'Media processes',
          description: '1 while it runs. One that ended is started again.',
          unit: 'none',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'no node takes media',
          queries: [{ expr: ofNodes('livedrops_media_running'), legend: '{{instance}}' }],
        },
      ],
    },
  ],
};
