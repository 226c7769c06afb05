// A full pass over drops, for shards whose journal cannot be followed from the index's position at
// a bounded cost: a new index, one that was away for longer than the shard's newest snapshot is
// old, entries that are removed, or a store that was restored from an older copy.
//
// The drops come from the catalogue's rows. Rows are made from the journals, and have all that the
// order lists' positions have. So these positions are read first, then the rows, and the journals
// are followed from the positions: what comes twice is recognised by the drop's version.

import type { DropView } from '../../contracts/drops.ts';
import { shardOf } from '../../domain/ids.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { SnapshotHeads } from '../../storage/ports/snapshots.ts';
import { DROPS } from './drop-consumer.ts';
import type { SearchDocuments } from './search-documents.ts';

const PAGE_ROWS = 256;

export interface DropRowsPassOptions {
  readonly documents: SearchDocuments;
  readonly journal: JournalReader;
  readonly snapshots: Pick<SnapshotHeads, 'snapshotSequence'>;
  readonly catalogue: Pick<Catalogue, 'listDrops'>;
  /** How far the catalogue's rows are in a shard's journal. Errors: `store-unavailable`. */
  readonly rowsPosition: (shard: number) => Promise<number>;
  readonly shardCount: number;
  readonly isStopped: () => boolean;
}

export class DropRowsPass {
  readonly #options: DropRowsPassOptions;

  constructor(options: DropRowsPassOptions) {
    this.#options = options;
  }

  /** Of the shards that need it. Errors: `store-unavailable`; then the next call begins anew. */
  async run(): Promise<void> {
    const { documents, catalogue, rowsPosition, shardCount, isStopped } = this.#options;
    const positions = new Map<number, number>();
    for (const { shard, isOfOtherStore } of await this.#shardsBehind()) {
      if (isOfOtherStore) await this.#removeDrops(shard, null);
      positions.set(shard, await rowsPosition(shard));
    }
    if (positions.size === 0) return;
    const seen = (await this.#hasDrops(positions.keys())) ? new Set<string>() : null;
    let cursor: string | null = null;
    do {
      if (isStopped()) return;
      const page: Awaited<ReturnType<Catalogue['listDrops']>> = await catalogue.listDrops(
        {},
        { limit: PAGE_ROWS, cursor },
      );
      const rows = page.items
        .map((row: DropView) => ({ ...row, shard: shardOf(row.id, shardCount) }))
        .filter(({ shard }) => positions.has(shard));
      for (const { id } of rows) seen?.add(id);
      await documents.putDrops(rows, []);
      cursor = page.nextCursor;
    } while (cursor !== null);
    if (seen !== null) for (const shard of positions.keys()) await this.#removeDrops(shard, seen);
    await documents.putDrops(
      [],
      Array.from(positions, ([part, sequence]) => ({ name: DROPS, part, sequence })),
    );
  }

  async #shardsBehind(): Promise<{ shard: number; isOfOtherStore: boolean }[]> {
    const { documents, journal, snapshots, shardCount } = this.#options;
    const shards = Array.from({ length: shardCount }, (_, shard) => shard);
    const found = await Promise.all(
      shards.map(async (shard) => {
        const [position, { lastSequence }, removed, snapshot] = await Promise.all([
          documents.feed.position(DROPS, shard),
          journal.head(shard),
          journal.removed(shard),
          snapshots.snapshotSequence(shard),
        ]);
        const isOfOtherStore = position > lastSequence;
        const isBehind = isOfOtherStore || position < snapshot || position < removed;
        return { shard, isBehind, isOfOtherStore };
      }),
    );
    return found.filter(({ isBehind }) => isBehind);
  }

  async #hasDrops(shards: Iterable<number>): Promise<boolean> {
    const { feed } = this.#options.documents;
    for (const source of shards)
      if ((await feed.list({ of: 'source', type: 'drop', source }, null, 1)).length > 0)
        return true;
    return false;
  }

  /** Those of the shard that are not among `except`; null: all. */
  async #removeDrops(shard: number, except: ReadonlySet<string> | null): Promise<void> {
    const { documents } = this.#options;
    for await (const page of documents.pages({ of: 'source', type: 'drop', source: shard })) {
      const removed = page.map(({ id }) => id).filter((id) => except?.has(id) !== true);
      if (removed.length > 0) await documents.removeDrops(removed);
    }
  }
}
