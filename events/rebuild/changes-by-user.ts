// The changes of orders in many journals, sorted by user in bounded memory: read models are
// compared user by user, while journals have their changes by time. Users are divided into buckets
// by hash. A bucket's changes are packed a few at a time and moved to a spill store; then portions
// of whole users are read back, each within a number of bytes.

import { Packr } from 'msgpackr';
import { fnv1a } from '../../domain/ids.ts';
import {
  USER_BUCKETS,
  type UserChange,
  type UsersChanges,
} from '../../storage/ports/read-models.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import type { SpillStore } from '../../storage/ports/spill.ts';

/** Packed bytes of a portion. In memory they take about four times as much. */
const PORTION_BYTES_MAX = 4 << 20;
/** Changes of a bucket in memory: 16,384 in all buckets, about 8 MiB. */
const CHUNK_CHANGES = 16;
/** Chunks read or written without a pause: about a millisecond. */
const CHUNKS_AT_ONCE = 32;

interface Bucket {
  /** Not packed yet. */
  changes: UserChange[];
  /** In the spill store. */
  chunks: number;
  bytes: number;
}

export interface ChangesByUserOptions {
  readonly spill: SpillStore;
  /** Awaited between two steps. */
  readonly pause: Pause;
  readonly portionBytesMax?: number;
}

export class ChangesByUser {
  readonly #spill: SpillStore;
  readonly #pause: Pause;
  readonly #portionBytesMax: number;
  readonly #buckets: readonly Bucket[] = Array.from({ length: USER_BUCKETS }, () => ({
    changes: [],
    chunks: 0,
    bytes: 0,
  }));
  /** Both ways: it knows the shapes of what it packed. */
  readonly #packr = new Packr({ structures: [] });
  readonly #excluded = new Set<number>();

  constructor(options: ChangesByUserOptions) {
    this.#spill = options.spill;
    this.#pause = options.pause;
    this.#portionBytesMax = options.portionBytesMax ?? PORTION_BYTES_MAX;
  }

  /** In the order of each journal. Errors: `store-unavailable`. */
  add(change: UserChange): void {
    const index = fnv1a(change.order.userId) % USER_BUCKETS;
    const { changes } = this.#buckets[index]!;
    changes.push(change);
    if (changes.length === CHUNK_CHANGES) this.#write(index);
  }

  /** Removes the changes of a journal. */
  exclude(shard: number): void {
    this.#excluded.add(shard);
  }

  /**
   * As `ReplayedJournals.users`, after the last `add`. A single user whose changes take more than a
   * portion is not divided. Errors: `store-unavailable`.
   */
  async *portions(bucketsMax: number): AsyncGenerator<UsersChanges, void, undefined> {
    let written = 0;
    for (let index = 0; index < USER_BUCKETS; index++) {
      if (this.#buckets[index]!.changes.length === 0) continue;
      this.#write(index);
      if (++written % CHUNKS_AT_ONCE === 0) await this.#pause();
    }
    const bytesOf = (bucket: number) => this.#buckets[bucket]?.bytes ?? Infinity;
    for (let first = 0; first < USER_BUCKETS; ) {
      let bytes = bytesOf(first);
      let end = first + 1;
      for (; end - first < bucketsMax; end++) {
        if (bytes + bytesOf(end) > this.#portionBytesMax) break;
        bytes += bytesOf(end);
      }
      const parts = Math.max(1, Math.ceil(bytes / this.#portionBytesMax));
      for (let part = 0; part < parts; part++)
        yield { first, end, changes: await this.#read(first, end, part, parts) };
      first = end;
    }
  }

  #write(index: number): void {
    const bucket = this.#buckets[index]!;
    const bytes = this.#packr.pack(bucket.changes);
    this.#spill.write(keyOf(index, bucket.chunks), bytes);
    bucket.chunks += 1;
    bucket.bytes += bytes.length;
    bucket.changes = [];
  }

  /** The changes of some buckets, or one of several parts of their users. */
  async #read(first: number, end: number, part: number, parts: number): Promise<UserChange[]> {
    const changes: UserChange[] = [];
    let chunks = 0;
    for (let index = first; index < end; index++) {
      for (let chunk = 0; chunk < this.#buckets[index]!.chunks; chunk++) {
        const bytes = this.#spill.read(keyOf(index, chunk))!;
        for (const change of this.#packr.unpack(bytes) as UserChange[]) {
          if (this.#excluded.has(change.shard)) continue;
          if (parts === 1 || partOf(change.order.userId, parts) === part) changes.push(change);
        }
        if (++chunks % CHUNKS_AT_ONCE === 0) await this.#pause();
      }
    }
    return changes;
  }
}

function keyOf(bucket: number, chunk: number): string {
  return `users/${bucket}/${chunk}`;
}

/** By bits of the hash that do not say the bucket. */
function partOf(userId: string, parts: number): number {
  return Math.floor(fnv1a(userId) / USER_BUCKETS) % parts;
}
