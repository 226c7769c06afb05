// The row of the storage board about what is read beside the journals: search, lists of followers.

import type { Row } from '../board.ts';
import { quantile } from '../expressions.ts';
import { ALARM_LIMITS as limits } from '../../../contracts/alarm-limits.ts';
import { ofNodes } from '../promql.ts';

const BY_NODE = '{{instance}}';
const NO_INDEX = 'no node searches';

export const SEARCH_AND_LISTS: Row = {
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
};
