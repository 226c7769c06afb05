// Gives accounts, products, drops, follows and take-downs of the change stream to a search index.
// Records are taken over together with their position: `consume` only keeps them until
// `ChangeRunner` stores it.

import type { EntityChange } from '../../contracts/changes.ts';
import type { ChangeRecord } from '../../storage/ports/change-stream.ts';
import type { ConsumerPositions, ShardPosition } from '../../storage/ports/consumer-positions.ts';
import type { DocumentFilter, SearchPosition } from '../../storage/ports/search-index.ts';
import { type ChangeConsumer, positionsName } from '../changes/change-consumer.ts';
import { nameOf } from './document-set.ts';
import { GONE, has, NO_SOURCE, sourceOfDrops, TAKEN_DOWN } from './document-state.ts';
import type { SearchDocuments } from './search-documents.ts';

const TYPES = ['product', 'creator'] as const;
const TAKEN_DOWN_TYPES = ['product', 'creator', 'drop'] as const;
/** The name of the position that is 1 more than the bucket of take-downs, which all are in one. */
const TAKE_DOWNS = 'take-downs';

interface Kept {
  readonly bucket: number;
  readonly entities: readonly EntityChange[];
  readonly records: number;
}

export interface EntityConsumerOptions {
  readonly documents: SearchDocuments;
  readonly bucketCount: number;
  /** Whether there was such an account, and is no more. Errors: `store-unavailable`. */
  readonly isRemoved: (userId: string) => Promise<boolean>;
}

export class EntityConsumer implements ChangeConsumer, ConsumerPositions {
  readonly name = 'search';
  readonly #options: EntityConsumerOptions;
  readonly #documents: SearchDocuments;
  /** Records that are in the index, since the start. */
  taken = 0;
  /** Drops are taken from the stream. */
  takesDrops = false;
  #kept: Kept | null = null;
  /**
   * What has come of the present full pass; null where the index had nothing of the bucket, so that
   * nothing can be gone.
   */
  #seen: Set<string> | null = null;

  constructor(options: EntityConsumerOptions) {
    this.#options = options;
    this.#documents = options.documents;
  }

  async consume(records: readonly ChangeRecord[]): Promise<void> {
    const [first] = records;
    if (first === undefined) return;
    const entities = records.map(({ change }) => change).filter((change) => this.#takes(change));
    this.#kept = { bucket: first.bucket, entities, records: records.length };
  }

  async beginFullPass(bucket: number): Promise<void> {
    this.#kept = null;
    const { feed } = this.#documents;
    const filters = [...TYPES.map((type) => ofBucket(type, bucket)), dropsOf(bucket)];
    const found = await Promise.all(filters.map((filter) => feed.list(filter, null, 1)));
    const hasAny = found.flat().length > 0 || (await this.#hasTakeDowns(bucket));
    this.#seen = hasAny ? new Set() : null;
  }

  async addEntities(bucket: number, entities: readonly EntityChange[]): Promise<void> {
    // Follows are counted with the accounts that they are about.
    const put = entities.filter((entity) => PASSED.has(entity.kind) && this.#takes(entity));
    for (const entity of put) this.#seen?.add(seenName(entity));
    await this.#documents.putEntities(bucket, put, takeDownsIn(bucket, put));
  }

  async endFullPass(bucket: number): Promise<void> {
    const seen = this.#seen;
    this.#seen = null;
    if (seen !== null) await this.#removeOthers(bucket, seen);
    if (await this.#isLastPass(bucket)) await this.#removeCreators(bucket);
  }

  async #removeOthers(bucket: number, seen: ReadonlySet<string>): Promise<void> {
    for (const type of TYPES) {
      for await (const page of this.#documents.pages(ofBucket(type, bucket))) {
        const gone = page
          .filter((document) => !has(document, GONE) && !seen.has(nameOf(document)))
          .map(({ id }) => goneEntity(type, id));
        if (gone.length > 0) await this.#documents.putEntities(bucket, gone, []);
      }
    }
    for await (const page of this.#documents.pages(dropsOf(bucket))) {
      const gone = page.filter((drop) => !seen.has(nameOf(drop))).map(({ id }) => id);
      if (gone.length > 0) await this.#documents.removeDrops(gone);
    }
    if (await this.#hasTakeDowns(bucket)) await this.#liftOthers(bucket, seen);
  }

  /** No other bucket is about to be passed over. */
  async #isLastPass(bucket: number): Promise<boolean> {
    for (let other = 0; other < this.#options.bucketCount; other++) {
      if (other === bucket) continue;
      if ((await this.load(positionsName(this.name), other)) < 0) return false;
    }
    return true;
  }

  /**
   * A full pass does not name accounts that were removed, but what they sold. Of their creators
   * nothing is known then, as of those of an issuer of one's own.
   */
  async #removeCreators(bucket: number): Promise<void> {
    const unknown: DocumentFilter = { of: 'source', type: 'creator', source: NO_SOURCE };
    for await (const page of this.#documents.pages(unknown)) {
      const removed = await Promise.all(page.map(({ id }) => this.#options.isRemoved(id)));
      const gone = page.filter((_, i) => removed[i]).map(({ id }) => goneEntity('creator', id));
      if (gone.length > 0) await this.#documents.putEntities(bucket, gone, []);
    }
  }

  #takes(change: EntityChange): boolean {
    return change.kind !== 'drop' || this.takesDrops;
  }

  async #hasTakeDowns(bucket: number): Promise<boolean> {
    return (await this.#documents.feed.position(TAKE_DOWNS, 0)) === bucket + 1;
  }

  /** Take-downs that did not come in the full pass are lifted. */
  async #liftOthers(bucket: number, seen: ReadonlySet<string>): Promise<void> {
    for (const type of TAKEN_DOWN_TYPES) {
      for await (const page of this.#documents.pages({ of: 'type', type })) {
        const lifted = page
          .filter((one) => has(one, TAKEN_DOWN) && !seen.has(takeDownName(type, one.id)))
          .map(({ id, creatorId }): EntityChange => {
            return { kind: 'take-down', of: type, id, creatorId, since: null };
          });
        if (lifted.length > 0) await this.#documents.putEntities(bucket, lifted, []);
      }
    }
  }

  load(name: string, part: number): Promise<number> {
    return this.#documents.feed.position(name, part);
  }

  save(name: string, positions: readonly ShardPosition[]): Promise<void> {
    return this.replace(name, positions);
  }

  async replace(name: string, positions: readonly ShardPosition[]): Promise<void> {
    const { bucket = 0, entities = [], records = 0 } = this.#kept ?? {};
    const stored = positions.map(({ shard, sequence }) => ({ name, part: shard, sequence }));
    await this.#documents.putEntities(bucket, entities, [
      ...stored,
      ...takeDownsIn(bucket, entities),
    ]);
    this.taken += records;
    this.#kept = null;
  }
}

/** Kinds that a full pass takes over. */
const PASSED: ReadonlySet<EntityChange['kind']> = new Set<EntityChange['kind']>([
  'user',
  'product',
  'drop',
  'take-down',
]);

function ofBucket(type: (typeof TYPES)[number], bucket: number): DocumentFilter {
  return { of: 'source', type, source: bucket };
}

function dropsOf(bucket: number): DocumentFilter {
  return { of: 'source', type: 'drop', source: sourceOfDrops(bucket) };
}

function seenName(entity: EntityChange): string {
  if (entity.kind === 'product') return nameOf({ type: 'product', id: entity.productId });
  if (entity.kind === 'user') return nameOf({ type: 'creator', id: entity.userId });
  if (entity.kind === 'drop') return nameOf({ type: 'drop', id: entity.dropId });
  return entity.kind === 'take-down' ? takeDownName(entity.of, entity.id) : '';
}

function takeDownName(type: string, id: string): string {
  return `${TAKE_DOWNS} ${type} ${id}`;
}

function takeDownsIn(bucket: number, entities: readonly EntityChange[]): SearchPosition[] {
  return entities.some(({ kind }) => kind === 'take-down')
    ? [{ name: TAKE_DOWNS, part: 0, sequence: bucket + 1 }]
    : [];
}

function goneEntity(type: (typeof TYPES)[number], id: string): EntityChange {
  return type === 'product'
    ? { kind: 'product', productId: id, product: null }
    : { kind: 'user', userId: id, user: null };
}
