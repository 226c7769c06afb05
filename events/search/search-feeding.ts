// Feeds one search index from the change stream and the journals, off the loop that sells: first
// full passes where they are needed, then whatever happens. Each index is fed by one process, so
// there is no lease.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { ChangeStream } from '../../storage/ports/change-stream.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { SearchFeed } from '../../storage/ports/search-index.ts';
import type { SnapshotHeads, SnapshotReader } from '../../storage/ports/snapshots.ts';
import type { OpenSpill } from '../../storage/ports/spill.ts';
import { Backoff } from '../backoff.ts';
import { positionsName } from '../changes/change-consumer.ts';
import { ChangeRunner } from '../changes/change-runner.ts';
import { LastRead } from '../last-read.ts';
import { OffLoopRunner } from '../off-loop/off-loop-runner.ts';
import { HeadsReader, type StreamHeads } from '../outside/stream-heads.ts';
import { DropConsumer, DROPS } from './drop-consumer.ts';
import { DropRowsPass } from './drop-rows-pass.ts';
import { EntityConsumer } from './entity-consumer.ts';
import { SearchDocuments } from './search-documents.ts';

/** Each look asks for the ends of all buckets: often only until the index is complete. */
const CHECK_BUILDING_MS = 250;
const CHECK_MS = 1_000;
/** Moments that the oldest unread record is looked up in. */
const MOMENTS_MAX = 1_200;
const RETRY_DELAY_FIRST_MS = 100;
const RETRY_DELAY_MAX_MS = 5_000;
/** The name of the position that says that the index was complete once. */
const BUILT = 'built';

/** What an index is made from, and with what. */
export interface FeedingSources {
  readonly changes: ChangeStream;
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader & Pick<SnapshotHeads, 'snapshotSequence'>;
  readonly catalogue: Pick<Catalogue, 'listDrops'>;
  /** The present number of a creator's followers. Errors: `store-unavailable`. */
  readonly followers: (creatorId: string) => Promise<number>;
  /** How far the catalogue's drop rows are in a shard's journal. Errors: `store-unavailable`. */
  readonly rowsPosition: (shard: number) => Promise<number>;
  readonly openSpill: OpenSpill;
  readonly shardCount: number;
  /** The longest delay until a change or an event is found, where the index keeps up. */
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface FeedLag {
  /** Records of the change stream that are not in the index. */
  readonly records: number;
  /** Entries of the journals that are not in the index. */
  readonly entries: number;
  /**
   * For how long the oldest of them has waited, in milliseconds. While the stores cannot be read:
   * for how long that is so, where that is longer.
   */
  readonly ms: number;
  /** False: the index was never complete, and what is missing is not all counted. */
  readonly isBuilt: boolean;
}

export class SearchFeeding {
  readonly #options: FeedingSources & { readonly feed: SearchFeed };
  readonly #documents: SearchDocuments;
  readonly #entities: EntityConsumer;
  readonly #changes: ChangeRunner;
  readonly #heads: HeadsReader;
  readonly #unread = new UnreadMoments();
  #journals: OffLoopRunner | null = null;
  #pass: Promise<void> = Promise.resolve();
  #passBeganAt: number | null = null;
  #targets: StreamHeads | null = null;
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
    const { feed, followers, changes, pollMs, clock, log } = options;
    this.#options = options;
    this.#documents = new SearchDocuments({ feed, followers });
    this.#entities = new EntityConsumer({ documents: this.#documents });
    this.#changes = new ChangeRunner({
      consumer: this.#entities,
      changes,
      positions: this.#entities,
      lease: null,
      pollMs,
      clock,
      log,
    });
    this.#heads = new HeadsReader(options);
    this.#lastLook = new LastRead({ intervalMs: CHECK_MS, clock });
  }

  /** Never rejects. */
  async start(): Promise<void> {
    const { feed } = this.#options;
    // Where it cannot be read, a look finds out.
    this.#isBuilt = (await feed.position(BUILT, 0).catch(() => 0)) > 0;
    if (this.#isStopped) return;
    this.#isStarted = true;
    this.#changes.start();
    this.#lastLook.now();
    this.#passBeganAt = this.#options.clock.monotonic();
    this.#pass = this.#followJournals();
    this.#check();
  }

  lag(): FeedLag {
    const now = this.#options.clock.monotonic();
    const [journals = { entries: 0, ms: 0 }] = this.#journals?.lag() ?? [];
    const passMs = this.#passBeganAt === null ? 0 : now - this.#passBeganAt;
    const unreadMs = this.#unread.ageMs(this.#entities.taken, now);
    return {
      records: this.#records,
      entries: journals.entries,
      ms: Math.max(journals.ms, passMs, unreadMs, this.#lastLook.overdueMs()),
      isBuilt: this.#isBuilt,
    };
  }

  /** Finishes what is in progress and begins nothing else. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    this.#timer?.cancel();
    if (!this.#isStarted) return;
    await Promise.all([this.#changes.stop(), this.#pass, this.#checking]);
    await this.#journals?.stop();
  }

  /** Never rejects. */
  async #followJournals(): Promise<void> {
    const { log } = this.#options;
    const backoff = new Backoff({ firstMs: RETRY_DELAY_FIRST_MS, maxMs: RETRY_DELAY_MAX_MS });
    const isStopped = () => this.#isStopped;
    const pass = new DropRowsPass({ ...this.#options, documents: this.#documents, isStopped });
    while (!this.#isStopped) {
      try {
        await pass.run();
        break;
      } catch (error) {
        log.warn({ err: error }, 'a search index waits for the drops');
        await this.#pause(backoff.next());
      }
    }
    if (this.#isStopped) return;
    this.#journals = new OffLoopRunner({
      ...this.#options,
      consumer: new DropConsumer({ documents: this.#documents }),
      lease: null,
    });
    this.#journals.start();
    this.#passBeganAt = null;
  }

  /** Ends early when the feeding stops. */
  async #pause(ms: number): Promise<void> {
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
      this.#records = await this.#changes.lag();
      this.#lastLook.now();
      this.#unread.add(clock.monotonic(), taken, this.#records);
      if (!this.#isBuilt) this.#isBuilt = await this.#wasBuilt();
    } catch (error) {
      log.debug({ err: error }, 'how far a search index is behind is not known');
    }
  }

  /** Whether all is in the index that there was at the first look. */
  async #wasBuilt(): Promise<boolean> {
    const { feed } = this.#options;
    this.#targets ??= await this.#heads.read();
    const { shards, buckets } = this.#targets;
    for (const [bucket, { last }] of buckets.entries())
      if ((await feed.position(positionsName(this.#entities.name), bucket)) < last) return false;
    for (const [shard, last] of shards.entries())
      if ((await feed.position(DROPS, shard)) < last) return false;
    await feed.apply({ positions: [{ name: BUILT, part: 0, sequence: 1 }] });
    return true;
  }
}

/** For how long the oldest unread record has waited, by what was unread at each look. */
class UnreadMoments {
  #moments: { readonly at: number; readonly target: number }[] = [];

  add(at: number, taken: number, unread: number): void {
    if (unread === 0) this.#moments = [];
    else if (this.#moments.length < MOMENTS_MAX) this.#moments.push({ at, target: taken + unread });
  }

  ageMs(taken: number, now: number): number {
    while (this.#moments.length > 0 && this.#moments[0]!.target <= taken) this.#moments.shift();
    const [oldest] = this.#moments;
    return oldest === undefined ? 0 : now - oldest.at;
  }
}
