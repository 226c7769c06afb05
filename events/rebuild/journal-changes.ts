// The changes of orders and the notifications in whole journals: the same that the relay gives to
// the read models entry by entry, made from the journals alone. So read models can be verified and
// repaired without a shard's owner. Memory is bounded, whatever the journals' length: the replay's
// by `DropStates`, what it gives by `ChangesByUser`.

import { Packr } from 'msgpackr';
import type { ShardPosition } from '../../storage/ports/consumer-positions.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { OpenSpill, SpillStore } from '../../storage/ports/spill.ts';
import type {
  DropOrders,
  OrderChanges,
  ReplayedJournals,
  UsersChanges,
} from '../../storage/ports/read-models.ts';
import { orderChanges } from '../lists/projection-rows.ts';
import { DropStates } from '../replay/drop-states.ts';
import { Replay } from '../replay/replay.ts';
import { ChangesByUser } from './changes-by-user.ts';

/** Drops in memory. */
const CHUNK_DROPS = 256;

export interface JournalChangesOptions {
  readonly journal: JournalReader;
  readonly openSpill: OpenSpill;
  /** Awaited between two steps. */
  readonly pause: Pause;
  /** Checked after each entry; its reason is thrown. */
  readonly signal: AbortSignal;
  readonly portionBytesMax?: number;
}

export class JournalChanges implements ReplayedJournals {
  readonly journals: ShardPosition[] = [];
  readonly #options: JournalChangesOptions;
  readonly #spill: SpillStore;
  readonly #byUser: ChangesByUser;
  readonly #packr = new Packr({ structures: [] });
  #drops: DropOrders[] = [];
  /** In the spill store. */
  #dropChunks = 0;

  constructor(options: JournalChangesOptions) {
    this.#options = options;
    this.#spill = options.openSpill();
    this.#byUser = new ChangesByUser({ ...options, spill: this.#spill });
  }

  /**
   * Replays a journal up to the sequence. Calls `entryDone` after each entry. Errors: `corrupt`,
   * `invariant`; then nothing of the journal stays. `store-unavailable`.
   */
  async add(position: ShardPosition, entryDone: () => void): Promise<void> {
    const { shard, sequence } = position;
    const replay = this.#replayOf(shard);
    try {
      for await (const batch of replay.read(sequence)) {
        this.#options.signal.throwIfAborted();
        const { time } = batch;
        for (const [index, change] of orderChanges(batch).entries())
          this.#byUser.add({ ...change, shard, sequence: batch.sequence, index, time });
        entryDone();
      }
      for (const { terms, orders, held, sold } of replay.drops())
        this.#addDrop({ shard, dropId: terms.id, orders, heldUnits: held, soldUnits: sold });
      this.journals.push(position);
    } catch (error) {
      this.#byUser.exclude(shard);
      throw error;
    } finally {
      replay.close();
    }
  }

  users(bucketsMax: number): AsyncIterable<UsersChanges> {
    return this.#byUser.portions(bucketsMax);
  }

  *drops(): Generator<DropOrders, void, undefined> {
    for (let chunk = 0; chunk < this.#dropChunks; chunk++)
      yield* this.#packr.unpack(this.#spill.read(dropsKey(chunk))!) as DropOrders[];
    yield* this.#drops;
  }

  async *changesOf(
    { shard, sequence }: ShardPosition,
    dropIds: ReadonlySet<string>,
  ): AsyncGenerator<OrderChanges, void, undefined> {
    const replay = this.#replayOf(shard);
    try {
      for await (const batch of replay.read(sequence)) {
        this.#options.signal.throwIfAborted();
        const rows = orderChanges(batch).filter(({ order }) => dropIds.has(order.dropId));
        if (rows.length > 0) yield { shard, sequence: batch.sequence, time: batch.time, rows };
      }
    } finally {
      replay.close();
    }
  }

  /** No method may be called afterwards. */
  close(): void {
    this.#spill.close();
  }

  #replayOf(shard: number): Replay {
    const { journal, openSpill, pause } = this.#options;
    return new Replay({
      shard,
      after: 0,
      journal,
      pause,
      snapshots: null,
      states: new DropStates({ openSpill }),
    });
  }

  #addDrop(drop: DropOrders): void {
    this.#drops.push(drop);
    if (this.#drops.length < CHUNK_DROPS) return;
    this.#spill.write(dropsKey(this.#dropChunks), this.#packr.pack(this.#drops));
    this.#dropChunks += 1;
    this.#drops = [];
  }
}

function dropsKey(chunk: number): string {
  return `drops/${chunk}`;
}
