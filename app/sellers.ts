// How sellers stand, and what is taken down (A11): decided by operators. All of it is restrictions,
// which every node has in memory: lists and streams leave out what is hidden. A job pauses or
// cancels drops where that is wished.

import { type LiveBus, RESTRICTIONS_TOPIC } from '../actors/live-bus.ts';
import type { Requester } from '../contracts/accounts.ts';
import type { ActionParams } from '../contracts/actions.ts';
import type { Page } from '../contracts/paging.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type {
  ChangedSeller,
  MadeTakeDown,
  Restriction,
  RestrictionKey,
  Seller,
  TakeDown,
} from '../contracts/restrictions.ts';
import { STANDINGS, type Standing, type TakenDown } from '../contracts/standings.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { JobQueue } from '../events/jobs/job-queue.ts';
import type { Catalogue } from '../storage/ports/catalogue.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { AuditLog } from '../storage/ports/audit-log.ts';
import type { RestrictionStore } from '../storage/ports/restrictions.ts';
import { callerOf, isOperator, maySeeOperations } from './caller.ts';
import { STOP_DROPS, type StopDropsParams } from './jobs/stop-drops.ts';
import { ActionRecord, type ChangeRequest } from './operator/action-record.ts';
import { creatorOfDrop, type DropCreatorsOptions } from './permissions.ts';
import type { RandomBytes } from './random-bytes.ts';
import { SELLERS_LEVEL, standingOf, takeDownOf } from './selling-rules.ts';

/** Of each standing, and of take-downs of creators, products and drops each. */
const OF_SCOPE_MAX = 50_000;
const BOUNDS = { ofScopeMax: OF_SCOPE_MAX, max: 100_000 };

export interface SellersOptions extends DropCreatorsOptions {
  readonly restrictions: RestrictionStore;
  readonly catalogue: Catalogue;
  readonly auditLog: AuditLog;
  readonly queue: JobQueue;
  readonly liveBus: LiveBus;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

export class Sellers {
  readonly #options: SellersOptions;
  readonly #record: ActionRecord;

  constructor(options: SellersOptions) {
    this.#options = options;
    this.#record = new ActionRecord({ log: options.auditLog, now: options.now });
  }

  /** Newest first. */
  async list({
    caller,
    standing,
    page,
  }: ActionParams<'sellers.list'>): Promise<Outcome<Page<Seller>>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const listed = await this.#options.restrictions.list({ kind: standing, scope: '' }, page);
    return success({ ...listed, items: listed.items.map((one) => sellerOf(one.subject, one)) });
  }

  async get({ caller, creatorId }: ActionParams<'sellers.get'>): Promise<Outcome<Seller>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    return success(await this.#sellerNow(creatorId));
  }

  /** Refuses `too-many`; `overloaded` where the change stands and its job could not be queued. */
  async change(params: ActionParams<'sellers.change'>): Promise<Outcome<ChangedSeller>> {
    const { caller, creatorId, change } = params;
    const { standing, reason = null, pauseDrops = false } = change;
    if (!isOperator(caller)) return refusal('forbidden');
    if (this.#options.levels.reached() < SELLERS_LEVEL) return TOO_EARLY;
    const request = {
      operatorId: caller.userId,
      action: 'change-seller',
      params: { creatorId, standing, pauseDrops },
    };
    return await this.#recorded(request, reason, async () => {
      const since = this.#options.now();
      if (
        standing !== 'none' &&
        !(await this.#put(standingOf(standing, creatorId), caller, reason, { since }))
      )
        return TOO_MANY;
      for (const other of STANDINGS)
        if (other !== standing) await this.#lift(standingOf(other, creatorId));
      const stops = standing === 'suspended' && pauseDrops;
      const restriction = { ...standingOf('suspended', creatorId), since };
      const target = { creatorId, cancel: false, restriction };
      const stopped = stops ? await this.#stop(caller, target) : NO_JOB;
      if (!stopped.ok) return stopped;
      return success({ seller: await this.#sellerNow(creatorId), jobId: stopped.value });
    });
  }

  /** Newest first. */
  async takeDowns({
    caller,
    of,
    page,
  }: ActionParams<'sellers.takeDowns'>): Promise<Outcome<Page<TakeDown>>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const listed = await this.#options.restrictions.list({ kind: 'take-down', scope: of }, page);
    return success({ ...listed, items: listed.items.map(takeDownView) });
  }

  /** Refuses `not-found` for what is not there; else as `change`. */
  async takeDown(params: ActionParams<'sellers.takeDown'>): Promise<Outcome<MadeTakeDown>> {
    const { caller, of, id, takeDown } = params;
    const { reason = null, cancelDrops: cancel = false } = takeDown;
    const { levels, now } = this.#options;
    if (!isOperator(caller)) return refusal('forbidden');
    if (levels.reached() < SELLERS_LEVEL) return TOO_EARLY;
    const creator = await this.#creatorOf(of, id);
    if (!creator.ok) return creator;
    const creatorId = creator.value;
    const request = {
      operatorId: caller.userId,
      action: 'take-down',
      params: { of, id, cancelDrops: cancel },
    };
    return await this.#recorded(request, reason, async () => {
      const key = takeDownOf(of, id);
      const since = now();
      if (!(await this.#put(key, caller, reason, { creatorId, since }))) return TOO_MANY;
      const restriction = { ...key, since };
      const stopped = await this.#stop(caller, { ...targetOf(of, id), cancel, restriction });
      if (!stopped.ok) return stopped;
      const shown = { of, id, creatorId, reason, since, by: caller.userId };
      return success({ takeDown: shown, jobId: stopped.value });
    });
  }

  /** Drops that were paused stay so. Refuses `not-found` where it is not taken down. */
  async restore({ caller, of, id }: ActionParams<'sellers.restore'>): Promise<Outcome<null>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const key = takeDownOf(of, id);
    if ((await this.#options.restrictions.find(key)) === null) return refusal('not-found');
    const request = { operatorId: caller.userId, action: 'restore', params: { of, id } };
    return await this.#recorded(request, null, async () =>
      (await this.#lift(key)) ? success(null) : refusal('not-found'),
    );
  }

  async #creatorOf(of: TakenDown, id: string): Promise<Outcome<string>> {
    if (of === 'creator') return success(id);
    if (of === 'drop') return await creatorOfDrop(this.#options, id);
    const product = await this.#options.catalogue.findProduct(id);
    return product === null ? refusal('not-found') : success(product.creatorId);
  }

  async #sellerNow(creatorId: string): Promise<Seller> {
    const { restrictions } = this.#options;
    let found: Restriction | null = null;
    // The last one counts where a change is under way.
    for (const standing of STANDINGS)
      found = (await restrictions.find(standingOf(standing, creatorId))) ?? found;
    return sellerOf(creatorId, found);
  }

  async #recorded<T>(
    request: ChangeRequest,
    reason: string | null,
    work: () => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    await this.#record.record(request, reason ?? 'Without a reason.');
    const done = await this.#record.recordFault(request, work);
    return done.ok ? done : await this.#record.refuse(request, done);
  }

  async #put(
    key: RestrictionKey,
    { userId: by }: Requester,
    reason: string | null,
    more: Pick<Restriction, 'since'> & Partial<Restriction>,
  ): Promise<boolean> {
    const { restrictions, liveBus, now } = this.#options;
    const restriction = { ...key, reason, until: null, by, ...more };
    const change = await restrictions.put(restriction, BOUNDS, now());
    if (change !== null) liveBus.publish(RESTRICTIONS_TOPIC, { type: 'restriction', change });
    return change !== null;
  }

  async #lift(key: RestrictionKey): Promise<boolean> {
    const { restrictions, liveBus } = this.#options;
    const change = await restrictions.lift(key);
    if (change !== null) liveBus.publish(RESTRICTIONS_TOPIC, { type: 'restriction', change });
    return change !== null;
  }

  async #stop(
    caller: Requester,
    target: Omit<StopDropsParams, 'caller'>,
  ): Promise<Outcome<string | null>> {
    const { queue, now, random } = this.#options;
    const { creatorId, productId, dropId } = target;
    const params: StopDropsParams = { ...target, caller: callerOf(caller) };
    const added = await queue.add({
      id: makeId('j', now(), random(ID_RANDOM_BYTES)),
      kind: STOP_DROPS,
      callerId: caller.userId,
      subject: dropId ?? productId ?? creatorId!,
      params,
      total: null,
    });
    return added.ok ? success(added.value.id) : added;
  }
}

const NO_JOB: Outcome<string | null> = success(null);
const TOO_MANY = refusal('too-many', 'There are as many of these as there may be.');
const TOO_EARLY = refusal(
  'unavailable',
  'Some nodes are of an earlier version: upgrade them first.',
);

function targetOf(of: TakenDown, id: string) {
  if (of === 'creator') return { creatorId: id };
  return of === 'product' ? { productId: id } : { dropId: id };
}

function sellerOf(creatorId: string, found: Restriction | null): Seller {
  if (found === null) return { creatorId, standing: null, reason: null, since: null, by: null };
  const { kind, reason, since, by } = found;
  return { creatorId, standing: kind as Standing, reason, since, by };
}

function takeDownView(restriction: Restriction): TakeDown {
  const { scope, subject: id, creatorId = '', reason, since, by } = restriction;
  return { of: scope as TakenDown, id, creatorId, reason, since, by };
}
