// The job that tells buyers of their orders (R1, R2), by push and by mail. It has some hundred
// news, from one entry of a journal: only of those who have a browser or want mail.

import type { Clock } from '../../actors/clock.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { JobStep } from '../jobs/job.ts';
import type { JobHandler } from '../jobs/job-handler.ts';
import type { Candidate, FanOut } from './fan-out.ts';
import type { OrderNews } from './news.ts';
import type { MailWish, People, PushWish } from './people.ts';
import { topicOf, ttlSecondsUntil } from './push-form.ts';
import type { UnderWay } from './under-way.ts';

/** News of one job. */
export const NEWS_PER_JOB_MAX = 500;
const NEWS_PER_PAGE = 100;
const PAGE_MS = 10_000;
const IN_FLIGHT_MAX = 20;
/** An order's news is worth little after a day. */
const TTL_MS = 24 * 60 * 60 * 1_000;

/** The params of a job. */
export interface TellBuyersParams {
  /** The entry's place in the journals, and of the job in it. */
  readonly place: string;
  readonly items: readonly OrderNews[];
}

export interface TellBuyersOptions {
  readonly fanOut: FanOut;
  readonly people: People;
  readonly catalogue: Pick<Catalogue, 'findProducts'>;
  readonly underWay: UnderWay;
  readonly publicUrl: () => string;
  readonly clock: Clock;
}

export class TellBuyersHandler implements JobHandler {
  readonly kind = 'tell-buyers';
  readonly concurrency = 4;
  readonly rests = false;
  readonly #options: TellBuyersOptions;

  constructor(options: TellBuyersOptions) {
    this.#options = options;
  }

  /** A page's place is the number of its first item. Errors: `store-unavailable`. */
  async step(job: Job, signal: AbortSignal): Promise<JobStep> {
    const { fanOut, people, underWay, clock } = this.#options;
    const { place, items } = job.params as TellBuyersParams;
    const at = items[0]?.at ?? job.createdAt;
    underWay.began(job.id, at);
    if (clock.now() - at > TTL_MS) return endOf(job);
    return await fanOut.step(
      job,
      {
        at,
        pageMs: PAGE_MS,
        inFlightMax: IN_FLIGHT_MAX,
        async page(from) {
          const first = from === null ? 0 : Number(from);
          const end = Math.min(items.length, first + NEWS_PER_PAGE);
          const candidates = items
            .slice(first, end)
            .map(({ userId }, i) => ({ userId, item: first + i }));
          return { candidates, next: end < items.length ? String(end) : null };
        },
        targets: async (candidates) => {
          const names = await this.#names(candidates, items);
          const pushOf = (one: Candidate) => this.#push(items[one.item!]!, names);
          const mailOf = (one: Candidate) => this.#mail(items[one.item!]!, names, place);
          return [
            ...(await people.pushTargets(candidates, pushOf)),
            ...(await people.mailTargets(candidates, mailOf, null)),
          ];
        },
        gone: (target) => people.gone(target),
        pageDueAt: () => 0,
      },
      signal,
    );
  }

  left(jobId: string): void {
    this.#options.underWay.ended(jobId);
  }

  /** Of the products, by their ids. A page has at most 100 of them. */
  async #names(
    candidates: readonly Candidate[],
    items: readonly OrderNews[],
  ): Promise<ReadonlyMap<string, string>> {
    const ids = new Set(candidates.map(({ item }) => items[item!]!.productId));
    const names = new Map<string, string>();
    const all = [...ids];
    for (let i = 0; i < all.length; i += NEWS_PER_PAGE) {
      const products = await this.#options.catalogue.findProducts(all.slice(i, i + NEWS_PER_PAGE));
      for (const [id, { name }] of products) names.set(id, name);
    }
    return names;
  }

  #push(news: OrderNews, names: ReadonlyMap<string, string>): PushWish {
    const { publicUrl, clock } = this.#options;
    const { type, at, dropId, creatorId, orderId, productId } = news;
    const url = `${publicUrl()}/orders/${orderId}`;
    const name = names.get(productId) ?? '';
    return {
      content: { type, at, dropId, creatorId, orderId, name, url },
      message: {
        ttlSeconds: ttlSecondsUntil(at + TTL_MS, clock.now()),
        topic: topicOf(orderId),
        urgency: 'normal',
      },
    };
  }

  #mail(news: OrderNews, names: ReadonlyMap<string, string>, place: string): MailWish | null {
    const { type, orderId, productId } = news;
    if (type === 'payment-failed') return null;
    const link = `${this.#options.publicUrl()}/orders/${orderId}`;
    const name = names.get(productId) ?? '';
    return { type, name, link, place: `${place} ${orderId}`, orderId };
  }
}

function endOf({ progress }: Job): JobStep {
  return { cursor: null, progress: { ...progress, left: 0 }, isLast: true };
}
