// What is durable, what it costs, and who has read it.

import type { Board } from '../board.ts';
import { perSecond, quantile } from '../expressions.ts';
import { ALARM_LIMITS as limits } from '../../../contracts/alarm-limits.ts';
import { APPEND_LATENCY, CONSUMER_LAG, FULLEST_MAILBOX } from '../panels.ts';
import { ofNodes } from '../promql.ts';

const BY_NODE = '{{instance}}';
const BY_CONSUMER = '{{consumer}}';
const NO_LEDGER = 'no ledger is kept';
const NO_INDEX = 'no node searches';

export const STORAGE: Board = {
  name: 'storage',
  title: 'Storage',
  description: 'Journals, disks, the archive, and the consumers that read the journals.',
  rows: [
    {
      title: 'Is it well?',
      panels: [
        {
          title: 'Free disk',
          description: 'The least of all nodes. On a full disk nothing is sold.',
          unit: 'percentunit',
          kind: 'number',
          thresholds: { when: 'below', ...limits.DISK_FREE_SHARE },
          queries: [
            {
              expr: `min(${ofNodes('livedrops_disk_free_bytes')} / ${ofNodes(
                'livedrops_disk_size_bytes',
              )})`,
              legend: 'free',
            },
          ],
        },
        {
          title: 'Redis could lose orders',
          description: 'Nodes that find it set up so: docs/OPERATIONS.md, Redis.',
          unit: 'none',
          kind: 'number',
          thresholds: { when: 'any', is: 'wrong' },
          whenEmpty: 'one node alone',
          queries: [{ expr: `sum(${ofNodes('livedrops_redis_weak')})`, legend: 'weak' }],
        },
        {
          title: 'Appends that failed',
          description: 'Each second: the store failed, or another node owns the shard.',
          unit: 'ops',
          kind: 'number',
          thresholds: { when: 'any', is: 'warn' },
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_journal_append_failures_total')),
              legend: 'failed',
            },
          ],
        },
        {
          title: 'Since the archive went through',
          description: 'Since the last pass over all shards. It stands still in a sale.',
          unit: 's',
          kind: 'number',
          thresholds: { when: 'above', ...limits.ARCHIVE_SECONDS },
          whenEmpty: 'no pass yet',
          queries: [
            {
              expr: `time() - max(${ofNodes('livedrops_archive_last_pass_timestamp_seconds')} > 0)`,
              legend: 'since',
            },
          ],
        },
        {
          title: 'Not in the ledger since',
          description: 'Since all that was sold was in a signed checkpoint. About 1 s is right.',
          unit: 's',
          kind: 'number',
          thresholds: { when: 'above', ...limits.LEDGER_SECONDS },
          whenEmpty: NO_LEDGER,
          queries: [{ expr: `max(${ofNodes('livedrops_ledger_lag_seconds')})`, legend: 'since' }],
        },
        {
          title: 'Leaves to come in the ledger',
          description: 'What is in no checkpoint, and trees that cannot go on.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NO_LEDGER,
          queries: [
            { expr: `max(${ofNodes('livedrops_ledger_leaves_behind')})`, legend: 'to come' },
            { expr: `max(${ofNodes('livedrops_ledger_stuck_trees')})`, legend: 'trees stuck' },
          ],
        },
      ],
    },
    {
      title: 'Journals',
      panels: [
        APPEND_LATENCY,
        {
          title: 'Appends',
          description: 'Entries each second. Many orders share one.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: perSecond(
                ofNodes('livedrops_journal_append_duration_seconds_count'),
                'instance',
              ),
              legend: BY_NODE,
            },
          ],
        },
        {
          title: 'Bytes appended',
          description: 'Of entries, before the store’s own additions.',
          unit: 'Bps',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_journal_appended_bytes_total'), 'instance'),
              legend: BY_NODE,
            },
          ],
        },
        {
          title: 'Entries that are not durable yet',
          description: 'They wait for the disk, or for Redis.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [{ expr: ofNodes('livedrops_journal_appends_waiting'), legend: BY_NODE }],
        },
        {
          title: 'Commits of SQLite: the slowest 1 %',
          description: 'With their fsync, by file. The disk’s own latency.',
          unit: 's',
          kind: 'lines',
          thresholds: { when: 'above', ...limits.APPEND_P99_SECONDS },
          whenEmpty: 'a cluster keeps its journals in Redis',
          queries: [
            {
              expr: quantile(
                0.99,
                ofNodes('livedrops_sqlite_commit_duration_seconds_bucket'),
                'file',
              ),
              legend: '{{file}}',
            },
          ],
        },
        {
          title: 'How long commands wait in mailboxes',
          description: 'The one that waited longest of each batch, the slowest 1 %.',
          unit: 's',
          kind: 'lines',
          thresholds: { when: 'above', warn: 0.1, wrong: 0.4 },
          whenEmpty: 'nothing is decided',
          queries: [
            {
              expr: quantile(
                0.99,
                ofNodes('livedrops_shard_mailbox_wait_seconds_bucket'),
                'instance',
              ),
              legend: BY_NODE,
            },
          ],
        },
        FULLEST_MAILBOX,
        {
          title: 'Commands in mailboxes',
          description: 'All shards of a node together; and commands decided each second.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            { expr: `sum(${ofNodes('livedrops_shard_commands_waiting')})`, legend: 'wait' },
            { expr: perSecond(ofNodes('livedrops_commands_decided_total')), legend: 'decided/s' },
          ],
        },
      ],
    },
    {
      title: 'Disk and archive',
      panels: [
        {
          title: 'Free disk by node',
          description: 'Where LIVEDROPS_DATA is.',
          unit: 'bytes',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [{ expr: ofNodes('livedrops_disk_free_bytes'), legend: BY_NODE }],
        },
        {
          title: 'Archived',
          description: 'Bytes of segments each second, of the node that archives.',
          unit: 'Bps',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'no node archives',
          queries: [
            {
              expr: perSecond(ofNodes('livedrops_archive_bytes_total'), 'instance'),
              legend: BY_NODE,
            },
          ],
        },
        {
          title: 'Archived entries, and shards that could not be',
          description: 'Failures are tried again at each pass; nothing is trimmed meanwhile.',
          unit: 'ops',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: 'no node archives',
          queries: [
            { expr: perSecond(ofNodes('livedrops_archive_entries_total')), legend: 'entries' },
            { expr: perSecond(ofNodes('livedrops_archive_failures_total')), legend: 'failures' },
          ],
        },
      ],
    },
    {
      title: 'Consumers of the journals',
      panels: [
        CONSUMER_LAG,
        {
          title: 'Facts that wait',
          description: 'Durable, in memory, and not taken yet.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: `sum by (consumer) (${ofNodes('livedrops_relay_facts_waiting')})`,
              legend: BY_CONSUMER,
            },
          ],
        },
        {
          title: 'Entries to read',
          description: 'Of journals, by consumers that catch up.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: `sum by (consumer) (${ofNodes('livedrops_relay_entries_behind')})`,
              legend: BY_CONSUMER,
            },
          ],
        },
        {
          title: 'Shards read from the journal',
          description: 'By consumers that catch up; one whose journal is damaged stays.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          queries: [
            {
              expr: `sum by (consumer) (${ofNodes('livedrops_relay_shards_behind')})`,
              legend: BY_CONSUMER,
            },
          ],
        },
      ],
    },
    {
      title: 'Search and lists',
      panels: [
        {
          title: 'How far search indexes are behind',
          description: 'For how long the oldest change waits that cannot be found yet.',
          unit: 's',
          kind: 'lines',
          thresholds: { when: 'above', ...limits.SEARCH_LAG_SECONDS },
          whenEmpty: NO_INDEX,
          queries: [{ expr: ofNodes('livedrops_search_lag_seconds'), legend: BY_NODE }],
        },
        {
          title: 'How long searches take',
          description: 'Their wait included, the 95th percentile; and how many wait.',
          unit: 's',
          kind: 'lines',
          thresholds: { when: 'above', warn: 0.1, wrong: 0.2 },
          whenEmpty: 'nothing is searched',
          queries: [
            {
              expr: quantile(0.95, ofNodes('livedrops_search_duration_seconds_bucket'), 'instance'),
              legend: BY_NODE,
            },
          ],
        },
        {
          title: 'Documents, and changes to come',
          description: 'What can be found, what is not in the index yet, and searches that wait.',
          unit: 'short',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NO_INDEX,
          queries: [
            { expr: ofNodes('livedrops_search_documents'), legend: '{{instance}} documents' },
            { expr: ofNodes('livedrops_search_records_behind'), legend: '{{instance}} behind' },
            { expr: ofNodes('livedrops_search_waiting'), legend: '{{instance}} searches' },
          ],
        },
        {
          title: 'Size of search indexes',
          description: 'Without their logs. 1 as `building`: it was never complete.',
          unit: 'bytes',
          kind: 'lines',
          thresholds: { when: 'never' },
          whenEmpty: NO_INDEX,
          queries: [
            { expr: ofNodes('livedrops_search_index_bytes'), legend: BY_NODE },
            { expr: ofNodes('livedrops_search_building'), legend: '{{instance}} building' },
          ],
        },
        {
          title: 'Pages of followers: the slowest 5 %',
          description: 'One read of the store for one page of a creator’s followers.',
          unit: 's',
          kind: 'lines',
          thresholds: { when: 'above', warn: 0.05, wrong: 0.2 },
          whenEmpty: 'no list is read',
          queries: [
            {
              expr: quantile(0.95, ofNodes('livedrops_follower_page_duration_seconds_bucket')),
              legend: 'a page',
            },
          ],
        },
      ],
    },
  ],
};
