// Follows planned moves of shards until each has ended, by what the cluster tells of finished moves
// and of where shards are. Pure: whoever looks hands over what was seen.

import type { PlannedMove, ShardRow } from '../services/contracts.ts';
import type { MoveInfo } from './api-client.ts';

export interface MoveEnd {
  readonly shard: number;
  readonly from: string | null;
  /** Where it was to go; of a finished move, where it went. */
  readonly to: string;
  /** `superseded`: it is wanted elsewhere by now. `unfinished`: nobody waits any longer. */
  readonly result: MoveInfo['result'] | 'superseded' | 'unfinished';
  readonly blackoutMs: number | null;
  readonly reason: string;
}

export interface MoveProgressOptions {
  readonly moves: readonly PlannedMove[];
  /** Moves that had ended before these were asked for. */
  readonly earlier: readonly MoveInfo[];
  /** The shards only have to leave where they are, such as a node that is drained. */
  readonly anyTarget: boolean;
}

interface OpenMove {
  readonly planned: PlannedMove;
  /** It was seen at its target, and the record of the move was not there yet. */
  arrived: boolean;
}

export class MoveProgress {
  readonly ends: MoveEnd[] = [];
  readonly #open: Map<number, OpenMove>;
  readonly #earlierIds: ReadonlySet<string>;
  readonly #anyTarget: boolean;

  constructor({ moves, earlier, anyTarget }: MoveProgressOptions) {
    this.#open = new Map(moves.map((planned) => [planned.shard, { planned, arrived: false }]));
    this.#earlierIds = new Set(earlier.map(({ id }) => id));
    this.#anyTarget = anyTarget;
  }

  get openCount(): number {
    return this.#open.size;
  }

  get endedWell(): boolean {
    return this.#open.size === 0 && this.ends.every(({ result }) => result === 'done');
  }

  /** Takes in what was seen, moves newest first; returns what has ended since. */
  look(moves: readonly MoveInfo[], shards: readonly ShardRow[]): MoveEnd[] {
    const rows = new Map(shards.map((row) => [row.shard, row]));
    const ended: MoveEnd[] = [];
    for (const [shard, open] of this.#open) {
      const end = this.#recorded(open, moves) ?? this.#seen(open, rows.get(shard));
      if (end !== null) ended.push(end);
    }
    for (const { shard } of ended) this.#open.delete(shard);
    this.ends.push(...ended);
    return ended;
  }

  /** Ends what is still open. */
  giveUp(reason: string): MoveEnd[] {
    const ended = [...this.#open.values()].map(({ planned }) =>
      endOf(planned, 'unfinished', reason),
    );
    this.#open.clear();
    this.ends.push(...ended);
    return ended;
  }

  /** By the newest record of the shard that is one of this move. */
  #recorded({ planned }: OpenMove, moves: readonly MoveInfo[]): MoveEnd | null {
    const record = moves.find(
      ({ id, shard, from, to }) =>
        shard === planned.shard &&
        !this.#earlierIds.has(id) &&
        (to === planned.to || (this.#anyTarget && from === planned.from)),
    );
    if (record === undefined) return null;
    const { to, result, blackoutMs, reason } = record;
    return { shard: planned.shard, from: planned.from, to, result, blackoutMs, reason };
  }

  /**
   * By where the shard is: what was claimed, because its owner was gone, has no record of a move,
   * and records are kept in bounded number. A record may come a moment after the arrival, so it gets
   * one more look.
   */
  #seen(open: OpenMove, row: ShardRow | undefined): MoveEnd | null {
    const { planned } = open;
    if (row === undefined) return null;
    const there = this.#anyTarget
      ? row.owner !== planned.from && row.owner === row.wanted
      : row.owner === planned.to;
    if (there && row.answered && row.status === 'serving') {
      if (planned.from !== null && !open.arrived) {
        open.arrived = true;
        return null;
      }
      return { ...endOf(planned, 'done', planned.reason), to: row.owner ?? planned.to };
    }
    const asWanted = this.#anyTarget ? row.wanted !== planned.from : row.wanted === planned.to;
    if (asWanted) return null;
    const now =
      row.wanted === null ? 'No node takes it now.' : `It is wanted on ${row.wanted} now.`;
    return endOf(planned, 'superseded', now);
  }
}

function endOf(planned: PlannedMove, result: MoveEnd['result'], reason: string): MoveEnd {
  const { shard, from, to } = planned;
  return { shard, from, to, result, blackoutMs: null, reason };
}
