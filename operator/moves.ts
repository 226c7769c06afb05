// `livedrops moves`: prints the last moves of shards and their results.

import type { Move } from '../sdk/api.ts';
import { type ListOptions, showList } from './show-list.ts';
import { table } from './table.ts';

export interface MovesOptions extends ListOptions {
  readonly limit: number;
}

export async function moves(options: MovesOptions): Promise<void> {
  await showList(options, (api) => api.moves(options.limit), movesText);
}

export function milliseconds(ms: number | null): string {
  return ms === null ? '-' : `${Math.round(ms)} ms`;
}

export function movesText(rows: readonly Move[]): string {
  if (rows.length === 0) return 'No shard has moved.\n';
  return table(
    ['ended', 'shard', 'from', 'to', 'result', 'blackout', 'took', 'reason'],
    rows.map((move) => [
      move.endedAt,
      String(move.shard),
      move.from,
      move.to,
      move.result,
      milliseconds(move.blackoutMs),
      milliseconds(Date.parse(move.endedAt) - Date.parse(move.startedAt)),
      move.reason,
    ]),
    ['shard', 'blackout', 'took'],
  );
}
