// What is durable, what it costs, and who has read it.

import type { Board } from '../board.ts';
import { perSecond } from '../expressions.ts';
import { ALARM_LIMITS as limits } from '../../../contracts/alarm-limits.ts';
import { CONSUMER_LAG } from '../panels.ts';
import { ofNodes } from '../promql.ts';
import { JOURNALS } from './journals.ts';
import { SEARCH_AND_LISTS } from './search-and-lists.ts';

const BY_NODE = '{{instance}}';
const BY_CONSUMER = '{{consumer}}';
const NO_LEDGER = 'no ledger is kept';

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
          description: 'Since all that was sold was in a signed checkpoint. 1 to 2 s is right.',
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
    JOURNALS,
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
    SEARCH_AND_LISTS,
  ],
};
