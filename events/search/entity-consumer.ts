// Gives accounts, products and follows of the change stream to a search index. Records are taken
// over together with their position: `consume` only keeps them until `ChangeRunner` stores it.

import type { EntityChange } from '../../contracts/changes.ts';
import type { ChangeRecord } from '../../storage/ports/change-stream.ts';
import type { ConsumerPositions, ShardPosition } from '../../storage/ports/consumer-positions.ts';
import type { SearchKey } from '../../storage/ports/search-index.ts';
import type { ChangeConsumer } from '../changes/change-consumer.ts';
import { nameOf } from './document-set.ts';
import { GONE, has } from './document-state.ts';
import type { SearchDocuments } from './search-documents.ts';

const TYPES = ['product', 'creator'] as const;

interface Kept {
  readonly bucket: number;
  readonly entities: readonly EntityChange[];
}

export class EntityConsumer implements ChangeConsumer, ConsumerPositions {
  readonly name = 'search';
  readonly #documents: SearchDocuments;
  /** Records that are in the index, since the start. */
  taken = 0;
  #kept: Kept | null = null;
  /**
   * What has come of the present full pass; null where the index had nothing of the bucket, so that
   * nothing can be gone.
   */
  #seen: Set<string> | null = null;

  constructor({ documents }: { readonly documents: SearchDocuments }) {
    this.#documents = documents;
  }

  async consume(records: readonly ChangeRecord[]): Promise<void> {
    const [first] = records;
    if (first === undefined) return;
    this.#kept = { bucket: first.bucket, entities: records.map(({ change }) => change) };
  }

  async beginFullPass(bucket: number): Promise<void> {
    this.#kept = null;
    const { feed } = this.#documents;
    const found = await Promise.all(
      TYPES.map((type) => feed.list({ of: 'source', type, source: bucket }, null, 1)),
    );
    this.#seen = found.flat().length === 0 ? null : new Set();
  }

  async addEntities(bucket: number, entities: readonly EntityChange[]): Promise<void> {
    // Follows are counted with the accounts that they are about.
    const put = entities.filter(({ kind }) => kind === 'user' || kind === 'product');
    for (const entity of put) this.#seen?.add(nameOf(keyOf(entity)));
    await this.#documents.putEntities(bucket, put, []);
  }

  async endFullPass(bucket: number): Promise<void> {
    const seen = this.#seen;
    this.#seen = null;
    if (seen === null) return;
    for (const type of TYPES) {
      for await (const page of this.#documents.pages({ of: 'source', type, source: bucket })) {
        const gone = page
          .filter((document) => !has(document, GONE) && !seen.has(nameOf(document)))
          .map(({ id }) => goneEntity(type, id));
        if (gone.length > 0) await this.#documents.putEntities(bucket, gone, []);
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
    const { bucket = 0, entities = [] } = this.#kept ?? {};
    const stored = positions.map(({ shard, sequence }) => ({ name, part: shard, sequence }));
    await this.#documents.putEntities(bucket, entities, stored);
    this.taken += entities.length;
    this.#kept = null;
  }
}

function keyOf(entity: EntityChange): SearchKey {
  if (entity.kind === 'product') return { type: 'product', id: entity.productId };
  return { type: 'creator', id: entity.kind === 'user' ? entity.userId : '' };
}

function goneEntity(type: (typeof TYPES)[number], id: string): EntityChange {
  return type === 'product'
    ? { kind: 'product', productId: id, product: null }
    : { kind: 'user', userId: id, user: null };
}
