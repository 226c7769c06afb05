// Tracks planned moves of shards until each one has ended. A move ends by the record of a finished
// move, or by the shard's owner. Pure: the caller polls the cluster and passes the result in.

import type { PlannedMove } from '../contracts/operator.ts';
import type { Move, Shard } from '../sdk/api.ts';

export interface MoveEnd {
  readonly shard: number;
  readonly from: string | null;
  /** The planned target; of a finished move, the node that serves the shard now. */
  readonly to: string;
  /** `superseded`: the placement has another target by now. `unfinished`: the wait ended first. */
  readonly result: Move['result'] | 'superseded' | 'unfinished';
  readonly blackoutMs: number | null;
  readonly reason: string;
}

export interface MoveProgressOptions {
  readonly moves: readonly PlannedMove[];
  /** Moves that had ended before the change was requested. */
  readonly finishedBefore: readonly Move[];
  /** True if the shards only have to leave their node, as in a drain. */
  readonly anyTarget: boolean;
}

interface OpenMove {
  readonly planned: PlannedMove;
  /** The shard is at its target, but no poll has found the record of the move yet. */
  arrived: boolean;
}

export class MoveProgress {
  readonly ends: MoveEnd[] = [];
  readonly #open: Map<number, OpenMove>;
  readonly #finishedBeforeIds: ReadonlySet<string>;
  readonly #anyTarget: boolean;

  constructor({ moves, finishedBefore: earlier, anyTarget }: MoveProgressOptions) {
    this.#open = new Map(moves.map((planned) => [planned.shard, { planned, arrived: false }]));
    this.#finishedBeforeIds = new Set(earlier.map(({ id }) => id));
    this.#anyTarget = anyTarget;
  }

  get openCount(): number {
    return this.#open.size;
  }

  get succeeded(): boolean {
    return this.#open.size === 0 && this.ends.every(({ result }) => result === 'done');
  }

  /** `moves` is newest first. Returns the moves that have ended since the last call. */
  update(moves: readonly Move[], shards: readonly Shard[]): MoveEnd[] {
    const rows = new Map(shards.map((row) => [row.shard, row]));
    const ended: MoveEnd[] = [];
    for (const [shard, open] of this.#open) {
      const end = this.#endByRecord(open, moves) ?? this.#endByOwner(open, rows.get(shard));
      if (end !== null) ended.push(end);
    }
    for (const { shard } of ended) this.#open.delete(shard);
    this.ends.push(...ended);
    return ended;
  }

  /** Ends every move that is still open as `unfinished`. */
  endOpenMoves(reason: string): MoveEnd[] {
    const ended = [...this.#open.values()].map(({ planned }) =>
      endOf(planned, 'unfinished', reason),
    );
    this.#open.clear();
    this.ends.push(...ended);
    return ended;
  }

  /** The end by the newest record that belongs to this move; null without such a record. */
  #endByRecord({ planned }: OpenMove, moves: readonly Move[]): MoveEnd | null {
    const record = moves.find(
      ({ id, shard, from, to }) =>
        shard === planned.shard &&
        !this.#finishedBeforeIds.has(id) &&
        (to === planned.to || (this.#anyTarget && from === planned.from)),
    );
    if (record === undefined) return null;
    const { to, result, blackoutMs, reason } = record;
    return { shard: planned.shard, from: planned.from, to, result, blackoutMs, reason };
  }

  /**
   * The end by the shard's owner. A record can be missing for ever: a shard claimed after its owner
   * was lost has none, and only a bounded number of records is stored. A record may also come a
   * moment after the arrival, so the method waits for one more poll.
   */
  #endByOwner(open: OpenMove, row: Shard | undefined): MoveEnd | null {
    const { planned } = open;
    if (row === undefined) return null;
    const atTarget = this.#anyTarget
      ? row.owner !== planned.from && row.owner === row.wanted
      : row.owner === planned.to;
    if (atTarget && row.answered && row.status === 'serving') {
      if (planned.from !== null && !open.arrived) {
        open.arrived = true;
        return null;
      }
      return { ...endOf(planned, 'done', planned.reason), to: row.owner ?? planned.to };
    }
    const stillPlanned = this.#anyTarget ? row.wanted !== planned.from : row.wanted === planned.to;
    if (stillPlanned) return null;
    const why =
      row.wanted === null ? 'No node can take it now.' : `Its target is now ${row.wanted}.`;
    return endOf(planned, 'superseded', why);
  }
}

function endOf(planned: PlannedMove, result: MoveEnd['result'], reason: string): MoveEnd {
  const { shard, from, to } = planned;
  return { shard, from, to, result, blackoutMs: null, reason };
}
