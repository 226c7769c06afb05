// The change stream in memory, for tests. The other stores in memory append to it in the
// synchronous step of the change.

import { fnv1a } from '../../domain/ids.ts';
import type { EntityChange } from '../../contracts/changes.ts';
import {
  type ChangeHead,
  type ChangeRecord,
  type ChangeStream,
  CHANGES_RETAINED_MAX,
  PositionTrimmedError,
  type ScanPage,
} from '../ports/change-stream.ts';
import { InvalidCursorError } from '../ports/page.ts';

/** More than one, so that tests on memory cover consumers of several buckets. */
const BUCKETS = 4;

interface Bucket {
  /** The newest state of each entity that exists, by its key. */
  readonly entities: Map<string, EntityChange>;
  records: ChangeRecord[];
  trimmed: number;
}

export interface MemoryChangeStreamOptions {
  /** `CHANGES_RETAINED_MAX` unless given. */
  readonly retainedMax?: number | undefined;
}

export class MemoryChangeStream implements ChangeStream {
  readonly bucketCount = BUCKETS;
  readonly #retainedMax: number;
  readonly #buckets: readonly Bucket[];
  readonly #listeners = new Set<(bucket: number) => void>();

  constructor({ retainedMax = CHANGES_RETAINED_MAX }: MemoryChangeStreamOptions = {}) {
    this.#retainedMax = Math.max(1, Math.floor(retainedMax / BUCKETS));
    this.#buckets = Array.from({ length: BUCKETS }, () => ({
      entities: new Map(),
      records: [],
      trimmed: 0,
    }));
  }

  /** For full passes alone: there is no record. */
  keep(change: EntityChange): { index: number; bucket: Bucket } {
    const key = keyOf(change);
    const index = fnv1a(key) % BUCKETS;
    const bucket = this.#buckets[index]!;
    if (isRemoved(change)) bucket.entities.delete(key);
    else bucket.entities.set(key, change);
    return { index, bucket };
  }

  append(change: EntityChange): void {
    const { index, bucket } = this.keep(change);
    const sequence = lastOf(bucket) + 1;
    bucket.records.push({ bucket: index, sequence, at: Date.now(), change });
    if (bucket.records.length > this.#retainedMax) {
      bucket.records.shift();
      bucket.trimmed += 1;
    }
    for (const listener of this.#listeners) listener(index);
  }

  async hasDrops(): Promise<boolean> {
    return true;
  }

  async head(bucket: number): Promise<ChangeHead> {
    const state = this.#buckets[bucket]!;
    return { last: lastOf(state), trimmed: state.trimmed };
  }

  async read(bucket: number, after: number, limit: number): Promise<ChangeRecord[]> {
    const { records, trimmed } = this.#buckets[bucket]!;
    if (after < trimmed || after > trimmed + records.length)
      throw new PositionTrimmedError(`bucket ${bucket} has no record right after ${after}`);
    return records.slice(after - trimmed, after - trimmed + limit);
  }

  async scan(bucket: number, cursor: string | null, limit: number): Promise<ScanPage> {
    const { entities } = this.#buckets[bucket]!;
    if (cursor !== null && !cursor.startsWith('after:'))
      throw new InvalidCursorError('the cursor does not belong to this scan');
    const after = cursor?.slice('after:'.length) ?? '';
    const keys = [...entities.keys()].filter((key) => key > after).toSorted();
    const shown = keys.slice(0, limit);
    return {
      changes: shown.map((key) => entities.get(key)!),
      nextCursor: shown.length < keys.length ? `after:${shown.at(-1)}` : null,
    };
  }

  async trim(bucket: number, through: number): Promise<void> {
    const state = this.#buckets[bucket]!;
    const target = Math.min(through, lastOf(state));
    if (target <= state.trimmed) return;
    state.records = state.records.slice(target - state.trimmed);
    state.trimmed = target;
  }

  async forgetUser(userId: string): Promise<null> {
    for (const bucket of this.#buckets) {
      bucket.records = bucket.records.map((record) => {
        const isOfUser = record.change.kind === 'user' && record.change.userId === userId;
        return isOfUser ? { ...record, change: { kind: 'user', userId, user: null } } : record;
      });
    }
    return null;
  }

  onAppend(listener: (bucket: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function lastOf({ trimmed, records }: Bucket): number {
  return trimmed + records.length;
}

function keyOf(change: EntityChange): string {
  if (change.kind === 'user') return `user ${change.userId}`;
  if (change.kind === 'product') return `product ${change.productId}`;
  if (change.kind === 'draft') return `draft ${change.draftId}`;
  if (change.kind === 'organisation') return `organisation ${change.organisationId}`;
  if (change.kind === 'take-down') return `take-down ${change.of} ${change.id}`;
  if (change.kind === 'seller') return `seller ${change.standing} ${change.creatorId}`;
  if (change.kind === 'drop') return `drop ${change.dropId}`;
  if (change.kind === 'media') return `media ${change.mediaId}`;
  return `follow ${change.userId} ${change.creatorId}`;
}

function isRemoved(change: EntityChange): boolean {
  if (change.kind === 'user') return change.user === null;
  if (change.kind === 'product') return change.product === null;
  if (change.kind === 'draft') return change.draft === null;
  if (change.kind === 'organisation') return change.organisation === null;
  if (change.kind === 'media') return change.media === null;
  if (change.kind === 'drop') return false;
  return change.since === null;
}
