// Feeds one search index from the change stream, off the loop that sells: first full passes where
// they are needed, then whatever happens. While drops are not in the stream their rows are read
// beside it. Each index is fed by one process, so there is no lease.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { ChangeStream } from '../../storage/ports/change-stream.ts';
import type { SearchFeed } from '../../storage/ports/search-index.ts';
import { Backoff } from '../backoff.ts';
import { positionsName } from '../changes/change-consumer.ts';
import { ChangeRunner, positionsBeforeAll } from '../changes/change-runner.ts';
import { LastRead } from '../last-read.ts';
import { DropRowsPass } from './drop-rows-pass.ts';
import { EntityConsumer } from './entity-consumer.ts';
import { SearchDocuments } from './search-documents.ts';
import { UnreadMoments } from './unread-moments.ts';

/** Each look asks for the ends of all buckets: often only until the index is complete. */
const CHECK_BUILDING_MS = 250;
const CHECK_MS = 1_000;
const RETRY_DELAY_FIRST_MS = 100;
const RETRY_DELAY_MAX_MS = 5_000;
/** Until it is asked again whether drops are in the stream. */
const ROWS_POLL_MS = 1_000;
/** The name of the position that says that the index was complete once. */
const BUILT = 'built';
/** The name of the position that says that the index takes drops from the stream. */
const STREAMED_DROPS = 'streamed-drops';

/** What an index is made from, and with what. */
export interface FeedingSources {
  readonly changes: ChangeStream;
  readonly catalogue: Pick<Catalogue, 'listDrops'>;
  /** The present number of a creator's followers. Errors: `store-unavailable`. */
  readonly followers: (creatorId: string) => Promise<number>;
  /** Whether there was such an account, and is no more. Errors: `store-unavailable`. */
  readonly isRemoved: (userId: string) => Promise<boolean>;
  /** The longest delay until a change is found, where the index keeps up. */
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface FeedLag {
  /** Records of the change stream that are not in the index. */
  readonly records: number;
  /**
   * For how long the oldest of them has waited, in milliseconds. While the stores cannot be read:
   * for how long that is so, where that is longer.
   */
  readonly ms: number;
  /** As `ms`; but rows that are read again and again count only until all were read once. */
  readonly streamMs: number;
  /** False: the index was never complete, and what is missing is not all counted. */
  readonly isBuilt: boolean;
}

export class SearchFeeding {
  readonly #options: FeedingSources & { readonly feed: SearchFeed };
  readonly #entities: EntityConsumer;
  readonly #rows: DropRowsPass;
  /** Null until it is known whether drops are in the stream. */
  #changes: ChangeRunner | null = null;
  #following: Promise<void> = Promise.resolve();
  #startedAt: number;
  readonly #unread = new UnreadMoments();
  /** The last record of each bucket at the first look. */
  #targets: readonly number[] | null = null;
  #records = 0;
  /** Of how many records are unread. */
  readonly #lastLook: LastRead;
  #isBuilt = false;
  #isStarted = false;
  #wake: () => void = () => undefined;
  #timer: Timer | null = null;
  #checking: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: FeedingSources & { readonly feed: SearchFeed }) {
    const { feed, changes, followers, isRemoved, clock } = options;
    this.#options = options;
    const documents = new SearchDocuments({ feed, followers });
    const { bucketCount } = changes;
    this.#startedAt = clock.monotonic();
    this.#entities = new EntityConsumer({ documents, bucketCount, isRemoved });
    this.#rows = new DropRowsPass({ ...options, documents });
    this.#lastLook = new LastRead({ intervalMs: CHECK_MS, clock });
  }

  /** Never rejects. */
  async start(): Promise<void> {
    const { feed, clock } = this.#options;
    // Where it cannot be read, a look finds out.
    this.#isBuilt = (await feed.position(BUILT, 0).catch(() => 0)) > 0;
    if (this.#isStopped) return;
    this.#isStarted = true;
    this.#startedAt = clock.monotonic();
    this.#lastLook.now();
    this.#following = this.#follow();
    this.#check();
  }

  lag(): FeedLag {
    const now = this.#options.clock.monotonic();
    const { takesDrops, taken } = this.#entities;
    const rowsMs = takesDrops ? 0 : (this.#rows.ageMs() ?? now - this.#startedAt);
    const streamMs = Math.max(this.#unread.ageMs(taken, now), this.#lastLook.overdueMs());
    return {
      records: this.#records,
      ms: Math.max(rowsMs, streamMs),
      streamMs: this.#rows.isWhole ? streamMs : Math.max(rowsMs, streamMs),
      isBuilt: this.#isBuilt,
    };
  }

  /** Finishes what is in progress and begins nothing else. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    this.#timer?.cancel();
    if (!this.#isStarted) return;
    await Promise.all([this.#following, this.#checking]);
    await this.#changes?.stop();
  }

  /** Until drops are taken from the stream. Never rejects. */
  async #follow(): Promise<void> {
    const { changes, log } = this.#options;
    const backoff = new Backoff({ firstMs: RETRY_DELAY_FIRST_MS, maxMs: RETRY_DELAY_MAX_MS });
    while (!this.#isStopped) {
      try {
        if (await changes.hasDrops()) return await this.#takeDrops();
        await this.#takeRows();
        backoff.succeeded();
        await this.#pause(ROWS_POLL_MS);
      } catch (error) {
        log.warn({ err: error }, 'a search index waits for the drops');
        await this.#pause(backoff.next());
      }
    }
  }

  /** An index that had drops from elsewhere begins with a full pass. */
  async #takeDrops(): Promise<void> {
    const { changes, feed } = this.#options;
    await this.#changes?.stop();
    if ((await feed.position(STREAMED_DROPS, 0)) === 0) {
      const name = positionsName(this.#entities.name);
      const positions = positionsBeforeAll(changes.bucketCount).map(({ shard, sequence }) => {
        return { name, part: shard, sequence };
      });
      const noted = { name: STREAMED_DROPS, part: 0, sequence: 1 };
      await feed.apply({ positions: [...positions, noted] });
    }
    this.#entities.takesDrops = true;
    if (!this.#isStopped) this.#run();
  }

  async #takeRows(): Promise<void> {
    const { feed } = this.#options;
    if (this.#changes === null) {
      // The store may be an older copy.
      await feed.apply({ positions: [{ name: STREAMED_DROPS, part: 0, sequence: 0 }] });
      this.#run();
    }
    await this.#rows.runWhenDue(() => this.#isStopped);
  }

  #run(): void {
    this.#changes = new ChangeRunner({
      ...this.#options,
      consumer: this.#entities,
      positions: this.#entities,
      lease: null,
    });
    this.#changes.start();
  }

  /** Ends early when the feeding stops. */
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

  #check(): void {
    this.#checking = this.#look().finally(() => {
      if (this.#isStopped) return;
      const delayMs = this.#isBuilt ? CHECK_MS : CHECK_BUILDING_MS;
      this.#timer = this.#options.clock.after(delayMs, () => this.#check());
    });
  }

  /** Never rejects: the next look tries again. */
  async #look(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const { taken } = this.#entities;
      const records = await this.#changes?.lag();
      if (records === undefined) return;
      this.#records = records;
      this.#lastLook.now();
      this.#unread.add(clock.monotonic(), taken, records);
      if (!this.#isBuilt) this.#isBuilt = await this.#wasBuilt();
    } catch (error) {
      log.debug({ err: error }, 'how far a search index is behind is not known');
    }
  }

  /** Whether all is in the index that there was at the first look. */
  async #wasBuilt(): Promise<boolean> {
    const { feed, changes } = this.#options;
    if (!this.#entities.takesDrops && !this.#rows.isWhole) return false;
    this.#targets ??= await Promise.all(
      Array.from({ length: changes.bucketCount }, async (_, bucket) => {
        const { last } = await changes.head(bucket);
        return last;
      }),
    );
    for (const [bucket, last] of this.#targets.entries())
      if ((await feed.position(positionsName(this.#entities.name), bucket)) < last) return false;
    await feed.apply({ positions: [{ name: BUILT, part: 0, sequence: 1 }] });
    return true;
  }
}
