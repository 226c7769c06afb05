// The metrics of what goes on behind a sale: consumers and jobs, payments, messages to people,
// media, search and the ledger.

import { JOB_STATES } from './job-states.ts';
import { JOB_KINDS } from './jobs.ts';
import { counter, gauge, histogram, open } from './metric-definition.ts';
import { PROBLEM_KINDS } from './problem-kinds.ts';
import { RECONCILE_KINDS } from './reconcile.ts';

const CONSUMER = open('the names of consumers', 20);
const OUTCOME = open('results, and reasons of failures', 40);

const CONSUMERS = {
  livedrops_relay_facts_waiting: gauge('Durable facts that a consumer has not taken.', {
    labels: { consumer: CONSUMER },
  }),
  livedrops_relay_shards_behind: gauge(
    'Shards that a consumer reads from the journal to catch up, or whose journal is damaged there.',
    { labels: { consumer: CONSUMER } },
  ),
  livedrops_relay_entries_behind: gauge('Journal entries that a consumer has yet to read.', {
    labels: { consumer: CONSUMER },
  }),
  livedrops_relay_lag_seconds: gauge(
    'For how long the oldest event waits; off the loop, too, for how long journals could not be ' +
      'read. Consumers off the loop are on the node that runs them.',
    { labels: { consumer: CONSUMER } },
  ),
  livedrops_follower_page_duration_seconds: histogram(
    'Reads of one page of a creator’s followers from the store.',
  ),
  livedrops_jobs: gauge('Jobs, by kind and state.', {
    labels: { kind: JOB_KINDS, state: JOB_STATES },
    servedBy: 'services',
    scope: 'store',
  }),
  livedrops_jobs_overdue_seconds: gauge(
    'For how long the job has been due that is due longest, when this node last looked.',
    { labels: { kind: JOB_KINDS }, servedBy: 'services' },
  ),
  livedrops_reconcile_compared_total: counter('Items compared with their truth.', {
    labels: { kind: [...RECONCILE_KINDS, 'search'] },
  }),
  livedrops_reconcile_mended_total: counter('Items that differed from their truth.', {
    labels: { kind: [...RECONCILE_KINDS, 'search'] },
  }),
  livedrops_archive_entries_total: counter('Journal entries that were archived.', {
    servedBy: 'archive',
  }),
  livedrops_archive_bytes_total: counter('Bytes of segments that were archived.', {
    servedBy: 'archive',
  }),
  livedrops_archive_failures_total: counter('Shards that could not be archived, each pass anew.', {
    servedBy: 'archive',
  }),
  livedrops_archive_last_pass_timestamp_seconds: gauge(
    'When the last pass over all shards ended; 0 before the first. In a cluster one node ' +
      'archives: take `max`. It stands still in a sale, for 10 minutes and a pass at most.',
    { servedBy: 'archive' },
  ),
} as const;

const PAYMENTS = {
  livedrops_payments_rejected_total: counter(
    'Payments that succeeded and paid for no order; their refunds are requested. After a crash ' +
      'some are counted again.',
    { labels: { reason: ['wrong-amount', 'order-settled'] }, servedBy: 'actors' },
  ),
  livedrops_payment_calls_unfinished: gauge(
    'Calls of the payment provider that wait, are made or will be repeated. With Stripe `open` ' +
      'is the crowd that waits for its turn.',
    { labels: { kind: ['open', 'capture', 'release', 'refund'] }, servedBy: 'actors' },
  ),
  livedrops_payment_problems: gauge('Payments that operators must look at.', {
    labels: { kind: PROBLEM_KINDS, open: ['true', 'false'] },
    servedBy: 'actors',
    scope: 'store',
  }),
  livedrops_refunds: gauge('Refunds that are not made.', {
    labels: { state: ['parked', 'retrying'] },
    servedBy: 'actors',
    scope: 'store',
  }),
} as const;

const REACH = {
  livedrops_reach_messages_total: counter('Messages to people, and people passed over as online.', {
    labels: { channel: ['push', 'mail'], outcome: OUTCOME },
    servedBy: 'services',
  }),
  livedrops_reach_lag_seconds: histogram('From an event until a message of it was taken.', {
    servedBy: 'services',
  }),
  livedrops_reach_oldest_seconds: gauge(
    'Since the event of the oldest fan-out that this node runs; 0 for none.',
    { servedBy: 'services' },
  ),
  livedrops_push_messages_total: counter('Pushes, by the outcome of each try.', {
    labels: { service: ['google', 'mozilla', 'apple', 'microsoft', 'other'], outcome: OUTCOME },
    servedBy: 'services',
  }),
  livedrops_push_under_way: gauge('Pushes without a result yet.', { servedBy: 'services' }),
  livedrops_push_services: gauge('Origins that pushes go to, or are not sent to for a while.', {
    labels: { state: ['sending', 'stopped'] },
    servedBy: 'services',
  }),
  livedrops_webhooks: gauge('Outgoing webhooks.', { servedBy: 'services', scope: 'store' }),
  livedrops_webhooks_enabled: gauge('Those that are called.', {
    servedBy: 'services',
    scope: 'store',
  }),
  livedrops_webhooks_waiting: gauge('Calls that wait.', { servedBy: 'services', scope: 'store' }),
  livedrops_webhooks_behind: gauge(
    'Webhooks that are fed from the journals, because too many calls wait.',
    { servedBy: 'services', scope: 'store' },
  ),
  livedrops_webhooks_sent_total: counter('Calls that were taken.', { servedBy: 'services' }),
  livedrops_webhooks_failed_total: counter(
    'Calls that failed: `http-4xx`, `http-5xx`, `redirect`, `timeout`, `dns` and so on.',
    { labels: { reason: OUTCOME }, servedBy: 'services' },
  ),
  livedrops_webhooks_oldest_seconds: gauge(
    'The age of the oldest event that this node has yet to send.',
    { servedBy: 'services' },
  ),
  livedrops_webhooks_lag_seconds: histogram('From an event to the call that was taken.', {
    servedBy: 'services',
  }),
} as const;

const MEDIA = {
  livedrops_media_running: gauge('1: the media process listens.', { servedBy: 'media' }),
  livedrops_media_waiting: gauge('Uploads that wait for their variants, or are being processed.', {
    servedBy: 'media',
  }),
  livedrops_media_oldest_seconds: gauge('For how long the oldest of them has waited.', {
    servedBy: 'media',
  }),
} as const;

const SEARCH = {
  livedrops_search_lag_seconds: gauge(
    'For how long the oldest change waits that is not in the index.',
    { servedBy: 'search' },
  ),
  livedrops_search_building: gauge('1: the index was never complete.', { servedBy: 'search' }),
  livedrops_search_records_behind: gauge(
    'Changes of accounts, products, drops and follows that are not in the index.',
    { servedBy: 'search' },
  ),
  livedrops_search_documents: gauge('Documents that can be found.', { servedBy: 'search' }),
  livedrops_search_index_bytes: gauge('The size of the index, without its log.', {
    servedBy: 'search',
  }),
  livedrops_search_waiting: gauge('Searches that are not answered yet.', { servedBy: 'search' }),
  livedrops_search_duration_seconds: histogram(
    'Searches and suggestions in this node, their wait included.',
    { servedBy: 'search' },
  ),
} as const;

const LEDGER = {
  livedrops_ledger_writing: gauge('1: this node writes the ledger; one of a cluster does.', {
    servedBy: 'ledger',
  }),
  livedrops_ledger_lag_seconds: gauge(
    'Since when something waits to be in a signed checkpoint; 1 to 2 where nothing does.',
    { servedBy: 'ledger' },
  ),
  livedrops_ledger_leaves_behind: gauge(
    'Journal entries and entries of the audit log that are in no checkpoint.',
    { servedBy: 'ledger' },
  ),
  livedrops_ledger_heads: gauge('Leaves of the tree that checkpoints sign.', {
    servedBy: 'ledger',
  }),
  livedrops_ledger_stuck_trees: gauge('Trees that cannot go on; the log says why.', {
    servedBy: 'ledger',
  }),
} as const;

export const BACKGROUND_METRICS = {
  ...CONSUMERS,
  ...PAYMENTS,
  ...REACH,
  ...MEDIA,
  ...SEARCH,
  ...LEDGER,
} as const;
