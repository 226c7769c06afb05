// What a ban does besides refusing orders (A9): a job lets the user's holds go, ends the follow of
// the creator, and refunds confirmed orders where that is wished. It looks at all orders of the
// user twice, because gateways know of the ban a moment after it is stored, and an order may be on
// its way for some seconds. It ends early once the ban is lifted, over, or made anew.

import type { Clock } from '../../actors/clock.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { Caller } from '../../contracts/commands.ts';
import type { Job, JobProgress } from '../../contracts/jobs.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { RestrictionKey } from '../../contracts/restrictions.ts';
import type { JobStep } from '../../events/jobs/job.ts';
import { type JobHandler, JobStepError } from '../../events/jobs/job-handler.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { OrderListStore } from '../../storage/ports/order-list.ts';
import type { RestrictionStore } from '../../storage/ports/restrictions.ts';
import type { Follows } from '../follows.ts';
import { isRestrictionPresent } from './present-restriction.ts';

export const ENFORCE_BAN = 'enforce-ban';
/** Orders looked at in one step. */
const ORDERS_PER_STEP = 32;
const RETRY_AFTER_MS = 1_000;
/**
 * Longer than an order waits for its owner (`WAIT_MAX_MS` of the router) with its answer, than a
 * gateway may be cut off without noticing, and than the list of orders is usually behind.
 */
const SETTLE_MS = 15_000;

export interface EnforceBanParams {
  /** Null: everywhere. */
  readonly creatorId: string | null;
  readonly userId: string;
  /** Who refunds; null: nothing is refunded. */
  readonly refundsAs: Caller | null;
  readonly restock: boolean;
  /** Of the ban, in milliseconds since the Unix epoch; undefined in jobs of earlier versions. */
  readonly since?: number;
}

export interface EnforceBanOptions {
  readonly orderList: Pick<OrderListStore, 'listByUser'>;
  readonly catalogue: Pick<Catalogue, 'findDrop'>;
  readonly restrictions: Pick<RestrictionStore, 'find'>;
  readonly router: CommandRouter;
  readonly clock: Pick<Clock, 'now'>;
  /** Unfollows, and tells open streams. */
  readonly followsOf: Pick<Follows, 'unfollow'>;
}

type Round = 'first' | 'second';

export class EnforceBanHandler implements JobHandler {
  readonly kind = ENFORCE_BAN;
  readonly concurrency = 2;
  readonly #options: EnforceBanOptions;

  constructor(options: EnforceBanOptions) {
    this.#options = options;
  }

  /** The cursor is the round, and the page of the user's orders within it. */
  async step(job: Job): Promise<JobStep> {
    const params = job.params as EnforceBanParams;
    const { userId, creatorId, since } = params;
    const { restrictions, clock } = this.#options;
    if (!(await isRestrictionPresent(restrictions, banKey(creatorId, userId), since, clock.now())))
      return { cursor: null, progress: { ...job.progress, left: 0 }, isLast: true };
    const [round = 'first', page = ''] = (job.cursor ?? '').split(' ').filter(Boolean);
    if (page === '' && creatorId !== null)
      await this.#options.followsOf.unfollow({ userId, creatorId });
    const orders = await this.#options.orderList.listByUser(userId, {
      limit: ORDERS_PER_STEP,
      cursor: page === '' ? null : page,
    });
    const codes = await Promise.all(orders.items.map((order) => this.#settle(order, params)));
    const progress = counted(job.progress, codes);
    if (orders.nextCursor !== null)
      return { cursor: `${round} ${orders.nextCursor}`, progress, isLast: false };
    if ((round as Round) === 'second')
      return { cursor: null, progress: { ...progress, left: 0 }, isLast: true };
    return { cursor: 'second', progress, isLast: false, pauseMs: SETTLE_MS };
  }

  /**
   * `ok` where it is let go or refunded, null where there is nothing to do, else a refusal's code.
   */
  async #settle(order: OrderView, params: EnforceBanParams): Promise<string | null> {
    const { catalogue, router } = this.#options;
    const { creatorId, userId, refundsAs, restock } = params;
    const { id: orderId, dropId, status } = order;
    const isHeld = status === 'reserved';
    if (!isHeld && (status !== 'confirmed' || refundsAs === null)) return null;
    if (creatorId !== null && (await catalogue.findDrop(dropId))?.creatorId !== creatorId)
      return null;
    // A hold is let go in the buyer's name: the order is then cancelled, as by the buyer.
    const reply = isHeld
      ? await router.send({
          type: 'cancel-order',
          dropId,
          orderId,
          caller: { userId, operator: false },
        })
      : await router.send({ type: 'refund-order', dropId, orderId, caller: refundsAs!, restock });
    if (reply.ok) return 'ok';
    if (reply.code === 'unavailable' || reply.code === 'overloaded')
      throw new JobStepError('A drop cannot be reached.', { retryAfterMs: RETRY_AFTER_MS });
    return reply.code;
  }
}

/** `creatorId` null: of the ban everywhere. */
export function banKey(creatorId: string | null, userId: string): RestrictionKey {
  return { kind: 'ban', scope: creatorId ?? '', subject: userId };
}

function counted(before: JobProgress, codes: readonly (string | null)[]): JobProgress {
  const refused = { ...before.refused };
  let { done } = before;
  for (const code of codes) {
    if (code === 'ok') done += 1;
    else if (code !== null) refused[code] = (refused[code] ?? 0) + 1;
  }
  return { done, refused, left: null };
}
