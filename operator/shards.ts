// `livedrops shards`: prints the shards with their owner, state and load.

import type { ShardFilter } from './api-client.ts';
import type { Shard } from '../sdk/api.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export type ShardsOptions = ListOptions & ShardFilter;

export async function shards(options: ShardsOptions): Promise<void> {
  await showList(options, (api) => api.shards(options), shardsText);
}

/** A gateway of an earlier version leaves `quarantined` out. */
type Row = Omit<Shard, 'quarantined'> & Partial<Pick<Shard, 'quarantined'>>;

const NUMBERS = ['shard', 'epoch', 'sequence', 'waiting', 'drops', 'live', 'orders/s', 'lag'];

export function shardsText(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    String(row.shard),
    row.owner ?? '-',
    stateOf(row),
    ...[row.epoch, row.sequence, row.waiting, row.drops, row.liveDrops].map(String),
    row.ordersPerSecond.toFixed(0),
    String(row.relayLag),
    noteOf(row),
  ]);
  const [shard = '', ...others] = NUMBERS;
  const headings = [shard, 'owner', 'state', ...others, 'note'];
  return table(headings, lines, NUMBERS) + summary(rows);
}

function stateOf({ owner, answered, status }: Row): string {
  if (owner === null) return 'unclaimed';
  return answered ? status : 'no answer';
}

function noteOf({ owner, wanted, pinned, fault, quarantined = [] }: Row): string {
  const notes: string[] = [];
  if (pinned) notes.push('pinned');
  if (wanted !== owner) notes.push(`target ${wanted ?? 'no node'}`);
  if (fault !== null) notes.push(fault);
  for (const { dropId, reason } of quarantined) notes.push(`${dropId} is quarantined: ${reason}`);
  return notes.join(', ');
}

function summary(rows: readonly Row[]): string {
  const states = new Map<string, number>();
  for (const row of rows) states.set(stateOf(row), (states.get(stateOf(row)) ?? 0) + 1);
  const parts = [...states].map(([state, amount]) => `${amount} ${state}`);
  const pinned = rows.filter((row) => row.pinned).length;
  const misplaced = rows.filter(({ owner, wanted }) => owner !== wanted).length;
  if (pinned > 0) parts.push(`${pinned} pinned`);
  if (misplaced > 0) parts.push(`${misplaced} not on their target`);
  return `${count(rows.length, 'shard')}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}\n`;
}
