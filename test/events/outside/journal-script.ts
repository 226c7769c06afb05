// Writes journals, snapshots and sealed drops event by event, as a shard would.

import { applyEvent, createDrop } from '../../../domain/apply.ts';
import type { DropEvent } from '../../../contracts/drop-events.ts';
import type { DropState } from '../../../domain/drop-state.ts';
import {
  encodePart,
  encodeShardHead,
  type PendingPart,
  snapshotDrop,
} from '../../../storage/formats/drop-snapshot.ts';
import { encodeEntry } from '../../../storage/formats/entry.ts';
import { seal } from '../../storage/sealed-drops.ts';
import type { MemoryStores } from '../../../storage/memory/stores.ts';

const EPOCH = 1;
export const START = 1_700_000_000_000;

export class JournalScript {
  readonly #stores: MemoryStores;
  readonly #shards = new Map<number, { sequence: number; drops: Map<string, DropState> }>();
  #time = START;

  constructor(stores: MemoryStores) {
    this.#stores = stores;
  }

  get time(): number {
    return this.#time;
  }

  /** Writes one entry: events of one or more drops, a second after the previous entry. */
  async append(shard: number, changes: readonly (readonly [string, DropEvent[]])[]): Promise<void> {
    const at = await this.#shard(shard);
    this.#time += 1000;
    const written = changes.map(([dropId, events]) => {
      const versionBefore = at.drops.get(dropId)?.version ?? 0;
      for (const event of events) {
        const state = at.drops.get(dropId);
        if (state === undefined) at.drops.set(dropId, createDrop(event, this.#time));
        else applyEvent(state, event, this.#time);
      }
      return { dropId, versionBefore, events };
    });
    at.sequence += 1;
    const entry = { shard, sequence: at.sequence, time: this.#time, changes: written };
    await this.#stores.journal.append(shard, EPOCH, at.sequence, encodeEntry(entry));
    await this.#stores.catalogue.putDrops(
      written.map(({ dropId }) => at.drops.get(dropId)!.view()),
    );
  }

  /** Seals drops that are over. The others are in the snapshot. */
  async snapshot(shard: number): Promise<void> {
    const at = await this.#shard(shard);
    const parts: PendingPart[] = [];
    const drops = [];
    for (const state of at.drops.values()) {
      if (state.status === 'ended' || state.status === 'cancelled') {
        await seal(this.#stores.snapshots, state, at.sequence);
      } else drops.push(snapshotDrop(state, () => false, parts));
    }
    const head = encodeShardHead({ time: this.#time, drops });
    const partNames = drops.flatMap((drop) => drop.partNames);
    const snapshot = { sequence: at.sequence, head, partNames };
    await this.#stores.snapshots.saveSnapshot(shard, EPOCH, snapshot, parts.map(encodePart));
  }

  async #shard(shard: number) {
    let at = this.#shards.get(shard);
    if (at === undefined) {
      await this.#stores.journal.claim(shard, 'script');
      at = { sequence: 0, drops: new Map() };
      this.#shards.set(shard, at);
    }
    return at;
  }
}

export function created(dropId: string, creatorId = 'creator_1'): DropEvent {
  const terms = {
    id: dropId,
    productId: 'prd_1',
    creatorId,
    startsAt: START,
    endsAt: START + 3_600_000,
    unitAmount: 1500,
    currency: 'EUR',
    limitPerUser: 10,
    holdSeconds: 600,
    payment: 'provider' as const,
  };
  return { type: 'drop-created', terms, stock: 100_000 };
}

export function placed(userId: string): DropEvent {
  return { type: 'order-placed', userId, key: `secret-key-${userId}`, quantity: 1 };
}
