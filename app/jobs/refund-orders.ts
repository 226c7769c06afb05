// Refunds of many orders of a drop: asked for by its creator or an operator, done by a job. Each
// order is refunded by its drop's actor, as a single refund is, and once however often a step comes
// again: a refund that was made is a success and changes nothing.

import type { CommandRouter } from '../../actors/command-router.ts';
import type { ActionParams } from '../../contracts/actions.ts';
import type { Caller } from '../../contracts/commands.ts';
import type { Job, JobProgress } from '../../contracts/jobs.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { parseOrderId } from '../../domain/ids.ts';
import { refusal } from '../../domain/refusal.ts';
import type { JobStep } from '../../events/jobs/job.ts';
import { type JobHandler, JobStepError } from '../../events/jobs/job-handler.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { callerOf, isOperator } from '../caller.ts';
import { mayAct } from '../permissions.ts';
import { addKeyedJob, type KeyedJobsOptions } from './keyed-job.ts';

export const REFUNDS_KIND = 'refund-orders';
/** Refunds of one step, which the drop decides in one entry or a few. */
const REFUNDS_PER_STEP = 32;
/** Orders looked at in one step of a job for all orders. */
const ORDERS_PER_STEP = 100;
const RETRY_AFTER_MS = 1_000;
/** From this feature level on every owner takes `list-orders`. */
const LIST_LEVEL = 3;

/** The params of a job. */
interface Params {
  readonly caller: Caller;
  /** Null: all that are confirmed. */
  readonly orderIds: readonly string[] | null;
  readonly restock: boolean;
  readonly reason: string | null;
}

export interface RefundOrdersOptions extends KeyedJobsOptions {
  readonly router: CommandRouter;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export class RefundOrders {
  readonly #options: RefundOrdersOptions;

  constructor(options: RefundOrdersOptions) {
    this.#options = options;
  }

  /** Queues the job. Below feature level 3 `unavailable`. */
  async request({
    caller,
    dropId,
    refunds,
    request,
  }: ActionParams<'jobs.refundOrders'>): Promise<Outcome<Job>> {
    const { router, levels } = this.#options;
    const { orderIds = null, all, restock = true, reason = null } = refunds;
    if ((orderIds === null) !== (all === true))
      return refusal('invalid-request', 'Either orderIds or all must be given.');
    if (levels.reached() < LIST_LEVEL) return refusal('unavailable');
    const drop = await router.send({ type: 'get-drop', dropId });
    if (!drop.ok) return drop;
    const { creatorId } = drop.value;
    const isMember = mayAct(caller, creatorId, 'jobs.refundOrders');
    if (!isMember && !isOperator(caller)) return refusal('forbidden');
    // What a member began goes on without the member.
    const by = isMember ? { userId: creatorId, operator: false } : callerOf(caller);
    const params: Params = { caller: by, orderIds, restock, reason };
    const total = orderIds?.length ?? null;
    const job = {
      kind: REFUNDS_KIND,
      callerId: caller.userId,
      subject: dropId,
      params,
      total,
    } as const;
    return await addKeyedJob(this.#options, job, request);
  }
}

export class RefundOrdersHandler implements JobHandler {
  readonly kind = REFUNDS_KIND;
  readonly concurrency = 2;
  readonly #router: CommandRouter;

  constructor(options: Pick<RefundOrdersOptions, 'router'>) {
    this.#router = options.router;
  }

  /** The cursor counts the orders named; of all orders it is the ordinal of the last one. */
  async step(job: Job): Promise<JobStep> {
    const params = job.params as Params;
    return params.orderIds === null
      ? await this.#stepOfAll(job, params)
      : await this.#stepOfNamed(job, params, params.orderIds);
  }

  async #stepOfNamed(job: Job, params: Params, orderIds: readonly string[]): Promise<JobStep> {
    const at = Number(job.cursor ?? 0);
    const end = Math.min(at + REFUNDS_PER_STEP, orderIds.length);
    const codes = await this.#refund(job.subject, params, orderIds.slice(at, end));
    const progress = counted(job.progress, codes, orderIds.length - end);
    return { cursor: String(end), progress, isLast: end === orderIds.length };
  }

  /**
   * Orders that are placed after the second step are not among them. The first one only notes the
   * drop's version in the cursor: an order that was refunded since then counts as done, so a step
   * that comes again counts what it did before.
   */
  async #stepOfAll(job: Job, params: Params): Promise<JobStep> {
    const [since, before] = (job.cursor ?? ' ').split(' ') as [string, string];
    const listed = await this.#router.send({
      type: 'list-orders',
      dropId: job.subject,
      caller: params.caller,
      filter: {},
      before: before === '' ? null : Number(before),
      limit: since === '' ? 1 : ORDERS_PER_STEP,
    });
    if (!listed.ok) throw stepError(listed.code);
    const { items, version } = listed.value;
    if (since === '') return { cursor: `${version} `, progress: job.progress, isLast: false };
    const confirmed = items.filter(({ status }) => status === 'confirmed');
    const codes = items.flatMap((order) => (isRefundedSince(order, Number(since)) ? ['ok'] : []));
    for (let at = 0; at < confirmed.length; at += REFUNDS_PER_STEP) {
      const ids = confirmed.slice(at, at + REFUNDS_PER_STEP).map(({ id }) => id);
      codes.push(...(await this.#refund(job.subject, params, ids)));
    }
    const left = listed.value.before;
    const progress = counted(job.progress, codes, left ?? 0);
    return { cursor: `${since} ${left ?? 0}`, progress, isLast: left === null };
  }

  /** A code for each order, `ok` where it is refunded. */
  async #refund(
    dropId: string,
    { caller, restock, reason }: Params,
    orderIds: readonly string[],
  ): Promise<string[]> {
    const refund = { type: 'refund-order', dropId, caller, restock } as const;
    const details = reason === null ? {} : { reason };
    const replies = await Promise.all(
      orderIds.map(async (orderId) =>
        parseOrderId(orderId)?.dropId === dropId
          ? await this.#router.send({ ...refund, ...details, orderId })
          : refusal('not-found'),
      ),
    );
    const codes = replies.map((reply) => (reply.ok ? 'ok' : reply.code));
    const again = codes.find((code) => code === 'unavailable' || code === 'overloaded');
    if (again !== undefined) throw stepError(again);
    return codes;
  }
}

function isRefundedSince({ status, version }: OrderView, since: number): boolean {
  return status === 'refunded' && version > since;
}

function counted(before: JobProgress, codes: readonly string[], left: number): JobProgress {
  const refused = { ...before.refused };
  let { done } = before;
  for (const code of codes) {
    if (code === 'ok') done += 1;
    else refused[code] = (refused[code] ?? 0) + 1;
  }
  return { done, refused, left };
}

function stepError(code: string): JobStepError {
  if (code === 'unavailable' || code === 'overloaded')
    return new JobStepError('The drop cannot be reached.', { retryAfterMs: RETRY_AFTER_MS });
  return new JobStepError(`The drop refused: ${code}.`, { isFinal: true });
}
