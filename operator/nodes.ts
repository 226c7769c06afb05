// `livedrops nodes`: prints the nodes of the cluster with their state and load.

import type { Node } from '../sdk/api.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export async function nodes(options: ListOptions): Promise<void> {
  await showList(
    options,
    (api) => api.nodes(),
    (rows) => nodesText(rows, Date.now()),
  );
}

const NUMBERS = [
  'shards',
  'wanted',
  'live drops',
  'orders/s',
  'lag',
  'lease',
  'skew',
  'weight',
  'level',
  'up',
];
const UP_UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** `nowMs` is milliseconds since the Unix epoch. */
export function nodesText(rows: readonly Node[], nowMs: number): string {
  const lines = rows.map((node) => [
    node.nodeId,
    node.state,
    String(node.shardsOwned),
    String(node.shardsWanted),
    String(node.liveDrops),
    node.ordersPerSecond.toFixed(0),
    String(node.relayLag),
    node.leaseMs === null ? '-' : `${Math.round(node.leaseMs)} ms`,
    skewText(node.clockSkewMs ?? null),
    String(node.weight),
    String(node.level ?? 0),
    node.state === 'lost' ? '-' : upTime(nowMs - Date.parse(node.startedAt)),
    node.url ?? '-',
  ]);
  const living = rows.filter(({ state }) => state !== 'lost');
  const rate = living.reduce((sum, { ordersPerSecond }) => sum + ordersPerSecond, 0);
  return (
    table(['node', 'state', ...NUMBERS, 'url'], lines, NUMBERS) +
    `${count(living.length, 'living node')}, ${rate.toFixed(0)} orders/s\n`
  );
}

/** Ahead of the store's time: `+12 ms`. */
function skewText(skewMs: number | null): string {
  if (skewMs === null) return '-';
  const rounded = Math.round(skewMs);
  return `${rounded > 0 ? '+' : ''}${rounded + 0} ms`;
}

/** Rounded down to its largest unit, such as `3h`. */
function upTime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [unit, size] = UP_UNITS.find(([, units]) => seconds >= units) ?? (['s', 1] as const);
  return `${Math.floor(seconds / size)}${unit}`;
}
