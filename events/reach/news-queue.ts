// Makes jobs of news. The ids of jobs are made from the event, so an event that comes again makes
// none anew. What comes about by itself, such as units of holds that ran out, may come about every
// second in a crowd: of one drop followers hear of it once in ten minutes at most.

import { createHash } from 'node:crypto';
import type { FollowStore } from '../../storage/ports/follows.ts';
import type { JobBounds } from '../../storage/ports/jobs.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { JournalEntryPlace } from '../../actors/tracing/trace-context.ts';
import type { RecipientStore } from '../../storage/ports/recipients.ts';
import { DEFAULT_PREFERENCES } from '../../contracts/preferences.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { NewJob } from '../jobs/job.ts';
import type { DropJobParams } from './drop-handlers.ts';
import type { DropNews, OrderNews } from './news.ts';
import type { TellBuyersParams } from './tell-buyers.ts';

/** Followers of one part of a fan-out, and the parts of one event. */
const FOLLOWERS_PER_PART = 50_000;
const PARTS_MAX = 8;
const SLOT_MS = 10 * 60_000;
/** Units that came back by themselves may be gone at once. */
const SETTLE_MS = 5_000;
const DIGEST_LENGTH = 24;

/** These jobs are of the server, not of a caller, so the bound of a caller is for one drop. */
const BOUNDS: JobBounds = { ofKindMax: 10_000, ofCallerMax: 1_000 };

/** The news of one entry of a journal. */
export interface EntryNews {
  /** The entry's place in the journals. */
  readonly place: string;
  readonly drops: readonly DropNews[];
  /** Of buyers who are reached. At most `NEWS_PER_JOB_MAX`. */
  readonly orders: readonly OrderNews[];
}

/** Which entry of the journals the news are of. */
export function entryOf({ place, drops, orders }: EntryNews): JournalEntryPlace {
  const [shard, sequence] = place.split('-').map(Number);
  const time = drops[0]?.at ?? orders[0]?.at ?? 0;
  return { shard: shard!, sequence: sequence!, time };
}

export interface NewsQueueOptions {
  readonly queue: JobQueue;
  readonly follows: Pick<FollowStore, 'counts'>;
  readonly recipients: Pick<RecipientStore, 'find'>;
}

export class NewsQueue {
  readonly #options: NewsQueueOptions;

  constructor(options: NewsQueueOptions) {
    this.#options = options;
  }

  /** All jobs are durable when it resolves. Errors: `store-unavailable`, also for want of room. */
  async add({ place, drops, orders }: EntryNews): Promise<void> {
    for (const news of drops) await this.#addDrop(news);
    if (orders.length === 0) return;
    const params: TellBuyersParams = { place, items: orders };
    await this.#add({
      id: `buyers_${place}`,
      kind: 'tell-buyers',
      // Of one shard, whose finished jobs are bounded so.
      callerId: `buyers/${place.split('-', 1)[0]}`,
      subject: orders[0]!.dropId,
      params,
      total: null,
    });
  }

  async #addDrop(news: DropNews): Promise<void> {
    const { follows, recipients } = this.#options;
    const { type, dropId, creatorId } = news;
    const { followers } = await follows.counts(creatorId);
    if (followers === 0) return;
    const isMail = type === 'drop-announced';
    const wanted = Math.ceil(followers / FOLLOWERS_PER_PART);
    const parts = isMail ? 1 : Math.min(PARTS_MAX, wanted);
    const { preferences = DEFAULT_PREFERENCES } = (await recipients.find(creatorId)) ?? {};
    const spreadMs = preferences.spreadSeconds * 1_000;
    let params: DropJobParams = { ...news, part: 0, parts, followers, spreadMs };
    for (let part = 0; part < params.parts; part++) {
      const added = await this.#add({
        id: `${isMail ? 'mail-drop' : 'push'}_${digestOf(news)}_${part}`,
        kind: isMail ? 'mail-drop' : 'push-drop',
        // Of one caller a process runs one job of a kind at a time.
        callerId: `followers/${dropId}/${part}`.slice(0, 128),
        subject: dropId,
        params: { ...params, part },
        total: null,
        ...(news.isDecided ? {} : { delayMs: SETTLE_MS }),
      });
      // Followers come and go: where an earlier try ended in the middle, its division stands.
      if (part === 0) params = added.params as DropJobParams;
    }
  }

  /** The stored one. */
  async #add(job: NewJob): Promise<Job> {
    const added = await this.#options.queue.add(job, BOUNDS);
    if (!added.ok) throw new StoreUnavailableError(`${job.kind}: too many jobs wait`);
    return added.value;
  }
}

/** The same for what followers hear of once. */
function digestOf({ type, dropId, place, isDecided, at }: DropNews): string {
  const isOnce = type === 'drop-started' || type === 'drop-announced';
  const slot = type === 'low-stock' || !isDecided ? `${Math.floor(at / SLOT_MS)}` : place;
  const name = `${type}\n${dropId}\n${isOnce ? '' : slot}`;
  return createHash('sha256').update(name).digest('hex').slice(0, DIGEST_LENGTH);
}
