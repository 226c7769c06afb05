// Formats plans and results of moves as text for people. Pure.

import type { PlannedMove } from '../contracts/operator.ts';
import type { MoveEnd } from './move-progress.ts';
import { milliseconds } from './moves.ts';
import { count, table } from './table.ts';

export function planText(moves: readonly PlannedMove[], dryRun: boolean): string {
  if (moves.length === 0) return dryRun ? 'No shard would move.\n' : 'No shard has to move.\n';
  const rows = moves.map(({ shard, from, to, reason }) => [String(shard), from ?? '-', to, reason]);
  return (
    table(['shard', 'from', 'to', 'reason'], rows, ['shard']) +
    `${count(moves.length, 'shard')} ${dryRun ? 'would move' : 'to move'}\n`
  );
}

/** One line for one finished move. The lines align as columns. */
export function endText({ shard, from, to, result, blackoutMs, reason }: MoveEnd): string {
  const route = `${from ?? '-'} -> ${to}`;
  const blackout = milliseconds(blackoutMs).padStart(8);
  return (
    `shard ${String(shard).padStart(3)}  ${route.padEnd(24)}  ${result.padEnd(11)}  ` +
    `${blackout}  ${reason}\n`
  );
}

/** `tookMs` is the time from the request until the last move ended. */
export function endsText(ends: readonly MoveEnd[], tookMs: number): string {
  const done = ends.filter(({ result }) => result === 'done').length;
  const blackouts = ends.flatMap(({ blackoutMs }) => (blackoutMs === null ? [] : [blackoutMs]));
  const took = `${(tookMs / 1000).toFixed(1)} s`;
  const doneText = `${done} of ${count(ends.length, 'move')} done in ${took}`;
  if (blackouts.length === 0) return `${doneText}\n`;
  const median = milliseconds(percentile(blackouts, 50));
  const longest = milliseconds(percentile(blackouts, 100));
  return `${doneText}; blackout p50 ${median}, longest ${longest}\n`;
}

/** The nearest-rank percentile; `values` is not empty. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
}
