// A search index in memory that is fed from stores in memory, for tests.

import type { ExecutionContext } from 'ava';
import pino from 'pino';
import type { DropEvent } from '../../../contracts/drop-events.ts';
import type { TakenDown } from '../../../contracts/standings.ts';
import { shardOf } from '../../../domain/ids.ts';
import { SearchFeeding, type FeedingSources } from '../../../events/search/search-feeding.ts';
import { MemorySearchIndex } from '../../../storage/memory/search-index-memory.ts';
import { type MemoryStores, memoryStores } from '../../../storage/memory/stores.ts';
import type { SearchDocument, SearchFeed } from '../../../storage/ports/search-index.ts';
import type { SearchType } from '../../../contracts/search.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { created, JournalScript, START } from '../outside/journal-script.ts';

const SHARDS = 2;
const TYPES: readonly SearchType[] = ['product', 'drop', 'creator'];
const PAGE = 1_000;

export class FedIndex {
  readonly stores: MemoryStores;
  readonly script: JournalScript;
  readonly clock = new ManualClock(START);
  readonly index: MemorySearchIndex;
  readonly sources: FeedingSources;
  readonly #t: ExecutionContext;

  /** `index`: one that was fed from other stores before. */
  constructor(t: ExecutionContext, retainedMax?: number, index = new MemorySearchIndex()) {
    this.#t = t;
    this.index = index;
    this.stores = memoryStores({ retainedMax });
    this.script = new JournalScript(this.stores);
    const { accounts, follows } = this.stores;
    this.sources = {
      ...this.stores,
      followers: async (creatorId) => (await follows.counts(creatorId)).followers,
      isRemoved: async (userId) => (await accounts.findRemovedUser(userId)) !== null,
      pollMs: 200,
      clock: this.clock,
      log: pino({ level: 'silent' }),
    };
  }

  /** Starts to feed an index; this one unless another is given. */
  feed(feed: SearchFeed = this.index.feed): SearchFeeding {
    const feeding = this.feedUntilKilled(feed);
    this.#t.teardown(() => feeding.stop());
    return feeding;
  }

  /** It is never stopped. */
  feedUntilKilled(feed: SearchFeed): SearchFeeding {
    const feeding = new SearchFeeding({ ...this.sources, feed });
    void feeding.start();
    return feeding;
  }

  /** Lets polls find what has happened. */
  async pass(ms = 2_000): Promise<void> {
    await this.clock.advance(ms);
  }

  /** Adds a user, or gives one another name. */
  async user(id: string, name: string, roles: readonly string[] = ['creator']): Promise<void> {
    const email = `${name}@example.com`;
    await this.stores.accounts.addUser({ id, email, name, roles, createdAt: 1, passwordHash: 'x' });
  }

  async product(id: string, creatorId: string, name: string, description = ''): Promise<void> {
    await this.stores.catalogue.addProduct({
      id,
      creatorId,
      name,
      description,
      imageUrls: [],
      createdAt: 1,
      revision: 1,
    });
  }

  async takeDown(of: TakenDown, id: string, creatorId: string): Promise<void> {
    const about = { kind: 'take-down', scope: of, subject: id, creatorId } as const;
    const made = { ...about, reason: null, since: 1, until: null, by: 'olga' };
    await this.stores.restrictions.put(made, { ofScopeMax: 100, max: 100 }, 1);
  }

  async show(of: TakenDown, id: string): Promise<void> {
    await this.stores.restrictions.lift({ kind: 'take-down', scope: of, subject: id });
  }

  /** A drop of a product, announced. */
  async drop(id: string, productId: string, creatorId: string, ...more: DropEvent[]) {
    const made = created(id, creatorId);
    if (made.type !== 'drop-created') throw new Error('a drop begins otherwise');
    const event = { ...made, terms: { ...made.terms, productId } };
    await this.script.append(shardOfDrop(id), [[id, [event, ...more]]]);
  }

  async happens(id: string, ...events: DropEvent[]): Promise<void> {
    await this.script.append(shardOfDrop(id), [[id, events]]);
  }

  /** What is found, of all types; by key. */
  async found(feed: SearchFeed = this.index.feed): Promise<Map<string, SearchDocument>> {
    const documents = new Map<string, SearchDocument>();
    for (const type of TYPES)
      for (const document of await feed.list({ of: 'type', type }, null, PAGE))
        if (document.listed) documents.set(`${type} ${document.id}`, document);
    return documents;
  }

  async names(text: string): Promise<string[]> {
    const page = { limit: 100, cursor: null };
    const { hits } = await this.index.search({ text, sort: 'relevance', page });
    return hits.map(({ document }) => `${document.type} ${document.id}`).toSorted();
  }
}

function shardOfDrop(id: string): number {
  return shardOf(id, SHARDS);
}
