// The row of the storage board about journals: appends, and commands that wait for them.

import type { Row } from '../board.ts';
import { perSecond, quantile } from '../expressions.ts';
import { ALARM_LIMITS as limits } from '../../../contracts/alarm-limits.ts';
import { APPEND_LATENCY, FULLEST_MAILBOX } from '../panels.ts';
import { ofNodes } from '../promql.ts';

const BY_NODE = '{{instance}}';

export const JOURNALS: Row = {
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
          expr: perSecond(ofNodes('livedrops_journal_append_duration_seconds_count'), 'instance'),
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
          expr: quantile(0.99, ofNodes('livedrops_sqlite_commit_duration_seconds_bucket'), 'file'),
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
          expr: quantile(0.99, ofNodes('livedrops_shard_mailbox_wait_seconds_bucket'), 'instance'),
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
};
