// `livedrops rebuild`: requests that lost rows of order lists and notifications are restored from
// the journals, and prints the shards that had losses or could not be compared.

import type { RebuildReport } from '../contracts/operator.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { runOnServer, withProgress } from './run.ts';
import { count, table } from './table.ts';

export interface RebuildOptions extends ConnectOptions {
  /** Absent: all shards. */
  readonly shard?: readonly number[];
  readonly dryRun?: true;
  readonly json?: true;
}

export async function rebuild(options: RebuildOptions): Promise<void> {
  const { shard = null, dryRun = false, json = false } = options;
  const request = { kind: 'rebuild', ...(shard !== null && { shards: shard }), dryRun } as const;
  const api = await connectOperator(options);
  const report = await withProgress((run) => runOnServer(api, request, run));
  if (report === null || !('applied' in report)) return;
  const ok = report.shards.every(({ reason }) => reason === null);
  process.stdout.write(
    json ? `${JSON.stringify({ ...report, ok }, null, 2)}\n` : describeRebuild(report),
  );
  if (!ok) process.exitCode = 1;
}

/** One line for each shard with losses or with a failure, and one line for the total. */
export function describeRebuild({ applied, shards }: RebuildReport): string {
  const listed = shards.filter((row) => row.orders + row.notifications > 0 || row.reason !== null);
  const rows = listed.map(({ shard, entries, orders, notifications, reason }) => [
    ...[shard, entries, orders, notifications].map(String),
    reason ?? '',
  ]);
  const numbers = ['shard', 'entries', 'orders', 'notifications'];
  const text = rows.length === 0 ? '' : table([...numbers, 'reason'], rows, numbers);
  const sum = (amount: (row: RebuildReport['shards'][number]) => number): number =>
    shards.reduce((total, row) => total + amount(row), 0);
  const missing =
    `${count(
      sum(({ orders }) => orders),
      'order',
    )} and ` +
    count(
      sum(({ notifications }) => notifications),
      'notification',
    );
  const entries = `${sum((row) => row.entries)} entries compared`;
  const failed = shards.filter(({ reason }) => reason !== null).length;
  const ending =
    failed === 0 ? '' : `; FAILED for ${count(failed, 'shard')}, see the reasons above`;
  return `${text}${entries}: ${missing} ${applied ? 'restored' : 'missing'}${ending}\n`;
}
