// Gives documents their places, and counts the documents of each block (`search-schema.ts`). Both
// are held in memory for one change, and written with it.

import type { Database } from 'better-sqlite3';
import { blockOf, placeOf, UNLISTED_RANK } from './search-schema.ts';

export class Placement {
  readonly #placedIn;
  readonly #storeRank;
  readonly #storeBlock;
  /** By rank: how many documents were ever placed in it. */
  readonly #placed = new Map<number, number>();
  readonly #changedRanks = new Set<number>();
  /** By block: how many more documents it has since the last `store`. */
  readonly #blocks = new Map<number, number>();

  constructor(database: Database) {
    this.#placedIn = database
      .prepare<[number], number>('select placed from ranks where rank = ?')
      .pluck();
    this.#storeRank = database.prepare<[number, number]>(
      'insert or replace into ranks (rank, placed) values (?, ?)',
    );
    this.#storeBlock = database.prepare<[number, number]>(`
      insert into blocks (block, documents) values (?, ?)
      on conflict do update set documents = documents + excluded.documents`);
  }

  place(rank: number): number {
    const placed = this.#placed.get(rank) ?? this.#placedIn.get(rank) ?? 0;
    this.#placed.set(rank, placed + 1);
    this.#changedRanks.add(rank);
    const place = placeOf(rank, placed);
    if (rank !== UNLISTED_RANK) this.#count(place, 1);
    return place;
  }

  /** A listed document leaves its place. */
  leave(place: number): void {
    this.#count(place, -1);
  }

  store(): void {
    for (const rank of this.#changedRanks) this.#storeRank.run(rank, this.#placed.get(rank)!);
    this.#changedRanks.clear();
    for (const [block, by] of this.#blocks) if (by !== 0) this.#storeBlock.run(block, by);
    this.#blocks.clear();
  }

  forget(): void {
    this.#placed.clear();
    this.#changedRanks.clear();
    this.#blocks.clear();
  }

  #count(place: number, by: number): void {
    const block = blockOf(place);
    this.#blocks.set(block, (this.#blocks.get(block) ?? 0) + by);
  }
}
