// Keeps the search index of a node: feeds it, and makes it anew when an operator wants so. The old
// index serves until the new one has everything; a rebuild that a crash ended goes on. The first
// index of a node is made in the same way, where there is much to be found: to index each document
// as it comes takes several times as long. Until then an empty one serves, which is not fed.

import type { SearchNodeStatus } from '../../contracts/search.ts';
import type { ScanPage } from '../../storage/ports/change-stream.ts';
import type { SearchRebuild, SearchWriter } from '../../storage/ports/search-index.ts';
import { Backoff } from '../backoff.ts';
import { SearchCheck } from './search-check.ts';
import { type FeedingSources, type FeedLag, SearchFeeding } from './search-feeding.ts';

/** A first index of fewer entities is indexed as it is fed. */
const MUCH_ENTITIES = 256;
/** How far behind a rebuilt index may be when it takes its place. */
const SWAP_LAG_MAX_MS = 1_000;
const POLL_MS = 100;
const RETRY_DELAY_FIRST_MS = 500;
const RETRY_DELAY_MAX_MS = 30_000;

export interface SearchKeeperOptions extends FeedingSources {
  readonly writer: SearchWriter;
}

interface Rebuild {
  readonly startedAt: number;
  /** Null until it is open. */
  index: SearchRebuild | null;
}

export class SearchKeeper {
  readonly #options: SearchKeeperOptions;
  readonly #writer: SearchWriter;
  readonly #check: SearchCheck;
  /** Of the index that serves. */
  #feeding: SearchFeeding;
  /** Of the first index of this node, until it serves. */
  #first: SearchFeeding | null = null;
  #rebuilding: Rebuild | null = null;
  #rebuilds = 0;
  #work: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #isStopped = false;

  constructor(options: SearchKeeperOptions) {
    this.#options = options;
    this.#writer = options.writer;
    this.#feeding = this.#newFeeding();
    this.#check = new SearchCheck({
      ...options,
      feed: () => this.#writer.feed,
      lagMs: () => {
        const { isBuilt, ms } = this.#lag();
        return isBuilt && this.#rebuilding === null ? ms : null;
      },
      rebuild: () => void this.rebuild(),
    });
  }

  /** Errors: `store-unavailable`. */
  async start(): Promise<void> {
    const isRebuilding = await this.#writer.isRebuilding();
    const { stored } = await this.#writer.size();
    const isFirst = stored === 0 && (isRebuilding || (await this.#hasMuch()));
    if (isFirst) this.#first = this.#feeding;
    else await this.#feeding.start();
    if (isFirst || isRebuilding) this.rebuild();
    this.#check.start();
  }

  /** False: a rebuild is under way. */
  rebuild(): boolean {
    if (this.#rebuilding !== null || this.#isStopped) return false;
    this.#rebuilding = { startedAt: this.#options.clock.now(), index: null };
    this.#work = this.#rebuild(this.#rebuilding).finally(() => {
      this.#rebuilding = null;
    });
    return true;
  }

  /** Errors: `store-unavailable`. */
  async status(): Promise<SearchNodeStatus> {
    const { records, ms, isBuilt } = this.#lag();
    const { listed, words, bytes } = await this.#writer.size();
    const rebuilding = this.#rebuilding;
    const built = await rebuilding?.index?.size();
    return {
      isBuilding: !isBuilt,
      lagMs: Math.round(ms),
      recordsBehind: records,
      documents: listed,
      words,
      bytes,
      rebuilds: this.#rebuilds,
      compared: this.#check.compared,
      mended: this.#check.mended,
      rebuild: rebuilding && { startedAt: rebuilding.startedAt, documents: built?.listed ?? 0 },
    };
  }

  /** A rebuild goes on at the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#check.stop();
    await this.#work;
    await this.#feeding.stop();
    await this.#writer.close();
  }

  /** Never rejects: a fault is tried again, from where it was. */
  async #rebuild(rebuilding: Rebuild): Promise<void> {
    const { log } = this.#options;
    const backoff = new Backoff({ firstMs: RETRY_DELAY_FIRST_MS, maxMs: RETRY_DELAY_MAX_MS });
    while (!this.#isStopped) {
      try {
        rebuilding.index = await this.#writer.rebuild();
        if (!(await this.#fill(rebuilding.index))) return;
        await this.#swap(rebuilding.index);
        this.#rebuilds += 1;
        log.info('a search index was made, and serves now');
        return;
      } catch (error) {
        log.warn({ err: error }, 'a search index could not be made yet');
        await this.#pause(backoff.next());
      }
    }
  }

  /** Both indexes are fed meanwhile. False: the keeper stops. */
  async #fill(index: SearchRebuild): Promise<boolean> {
    const feeding = new SearchFeeding({ ...this.#options, feed: index.feed });
    if (this.#first !== null) this.#first = feeding;
    await feeding.start();
    try {
      if (!(await this.#catchUp(feeding))) return false;
      while (!this.#isStopped && (await index.finish()));
      return await this.#catchUp(feeding);
    } finally {
      await feeding.stop();
    }
  }

  /** False: the keeper stops. */
  async #catchUp(feeding: SearchFeeding): Promise<boolean> {
    while (!this.#isStopped) {
      const { isBuilt, streamMs } = feeding.lag();
      if (isBuilt && streamMs <= SWAP_LAG_MAX_MS) return true;
      await this.#pause(POLL_MS);
    }
    return false;
  }

  /** What feeds the index knows the positions of the one before, and begins anew. */
  async #swap(index: SearchRebuild): Promise<void> {
    await this.#feeding.stop();
    let serves = this.#first === null;
    try {
      await index.swapIn();
      serves = true;
    } finally {
      const feeding = this.#newFeeding();
      if (serves) await feeding.start();
      this.#feeding = feeding;
      if (serves) this.#first = null;
    }
  }

  /** An index that has nothing yet is behind as the one is that will take its place. */
  #lag(): FeedLag {
    if (this.#first === null) return this.#feeding.lag();
    return { ...this.#first.lag(), isBuilt: false };
  }

  /** Whether there is much to be found. Never rejects: what cannot be read may be much. */
  async #hasMuch(): Promise<boolean> {
    const { changes, log } = this.#options;
    let entities = 0;
    try {
      for (let bucket = 0; bucket < changes.bucketCount; bucket++) {
        let cursor: string | null = null;
        do {
          // One may be empty without being the last.
          const page: ScanPage = await changes.scan(bucket, cursor, MUCH_ENTITIES);
          entities += page.changes.length;
          if (entities >= MUCH_ENTITIES) return true;
          cursor = page.nextCursor;
        } while (cursor !== null);
      }
    } catch (error) {
      log.debug({ err: error }, 'how much a search index will have is not known');
      return true;
    }
    return false;
  }

  #newFeeding(): SearchFeeding {
    return new SearchFeeding({ ...this.#options, feed: this.#writer.feed });
  }

  /** Ends early when the keeper stops. */
  async #pause(ms: number): Promise<void> {
    if (this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(ms, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
