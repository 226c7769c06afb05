// Bans (A9): operators ban users everywhere, creators from their own drops. A ban is a restriction,
// which gateways hold and refuse by; a job does the rest (`jobs/enforce-ban.ts`). The user's orders
// stay to be read and cancelled by the user, as does the account.

import { type LiveBus, RESTRICTIONS_TOPIC } from '../actors/live-bus.ts';
import type { Requester } from '../contracts/accounts.ts';
import type { ActionParams } from '../contracts/actions.ts';
import type { CreatorAction } from '../contracts/creator-actions.ts';
import type { Caller } from '../contracts/commands.ts';
import type { Page } from '../contracts/paging.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import type {
  Ban,
  MadeBan,
  NewBan,
  Restriction,
  RestrictionKey,
} from '../contracts/restrictions.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import { JOB_BOUNDS, type JobQueue } from '../events/jobs/job-queue.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { OperatorAccountStore } from '../storage/ports/operator-accounts.ts';
import type { AuditLog } from '../storage/ports/audit-log.ts';
import type { RestrictionBounds, RestrictionStore } from '../storage/ports/restrictions.ts';
import { isOperator, maySeeOperations } from './caller.ts';
import { banKey, ENFORCE_BAN, type EnforceBanParams } from './jobs/enforce-ban.ts';
import { ActionRecord } from './operator/action-record.ts';
import { mayAct } from './permissions.ts';
import type { RandomBytes } from './random-bytes.ts';

/** Nodes below it do not refuse by bans. */
const BANS_LEVEL = 4;
/** Every node has all of them in memory: 22 MiB (`bench/probes/bans.ts`). */
const BANS_MAX = 100_000;
/** Of one creator. */
const BANS_OF_CREATOR_MAX = 10_000;
/** Unfinished jobs of one creator's bans. A job takes 15 s at least: 13 bans a second. */
const BAN_JOBS_OF_CREATOR_MAX = 200;
/** Unfinished jobs of all operators' bans. */
const BAN_JOBS_OF_OPERATORS_MAX = 10_000;
/** Unfinished jobs of all bans, for an operator's: those of creators leave a part of them free. */
const BAN_JOBS_MAX = JOB_BOUNDS.ofKindMax + BAN_JOBS_OF_OPERATORS_MAX;

export interface BansOptions {
  readonly restrictions: RestrictionStore;
  readonly operatorAccounts: Pick<OperatorAccountStore, 'find'>;
  readonly auditLog: AuditLog;
  readonly queue: JobQueue;
  readonly liveBus: LiveBus;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

export class Bans {
  readonly #options: BansOptions;
  readonly #record: ActionRecord;

  constructor(options: BansOptions) {
    this.#options = options;
    this.#record = new ActionRecord({ log: options.auditLog, now: options.now });
  }

  /**
   * Bans the user, or changes a ban. `creatorId` null: everywhere. Refuses `forbidden`;
   * `invalid-request` for operators, who cannot be banned; `too-many`; `overloaded` where the ban
   * stands and its job could not be queued.
   */
  async put(params: ActionParams<'bans.put'>): Promise<Outcome<MadeBan>> {
    const { caller, creatorId, userId, ban } = params;
    const { levels, now } = this.#options;
    const refused = this.#refuse(caller, creatorId, 'bans.put') ?? (await this.#refuseBan(params));
    if (refused !== null) return refused;
    if (levels.reached() < BANS_LEVEL)
      return refusal('unavailable', 'Some nodes are of an earlier version: upgrade them first.');
    const { reason = null, until = null } = ban;
    const key = banKey(creatorId, userId);
    const restriction = { ...key, reason, since: now(), until, by: caller.userId };
    const action = { operatorId: caller.userId, action: 'ban', params: { userId, creatorId } };
    const store = async (): Promise<Outcome<MadeBan>> => {
      if (!(await this.#store(restriction))) return TOO_MANY;
      return await this.#enforce(restriction, caller, ban);
    };
    if (!isOperator(caller)) return await store();
    await this.#record.record(action, `To be banned: ${reason ?? 'without a reason'}.`);
    const made = await this.#record.recordFault(action, store);
    return made.ok ? made : await this.#record.refuse(action, made);
  }

  /** Refuses `not-found` where there is no such ban. */
  async lift({ caller, creatorId, userId }: ActionParams<'bans.lift'>): Promise<Outcome<null>> {
    const refused = this.#refuse(caller, creatorId, 'bans.lift');
    if (refused !== null) return refused;
    const key = banKey(creatorId, userId);
    if ((await this.#options.restrictions.find(key)) === null) return refusal('not-found');
    const action = { operatorId: caller.userId, action: 'unban', params: { userId, creatorId } };
    if (!isOperator(caller)) return await this.#lift(key);
    await this.#record.record(action, 'To be banned no more.');
    return await this.#record.recordFault(action, () => this.#lift(key));
  }

  /** Newest first, without those that have ended. */
  async list({ caller, creatorId, page }: ActionParams<'bans.list'>): Promise<Outcome<Page<Ban>>> {
    const { restrictions, now } = this.#options;
    const refused = this.#refuse(caller, creatorId, 'bans.list');
    if (refused !== null && !maySeeOperations(caller)) return refused;
    const { kind, scope } = banKey(creatorId, '');
    const listed = await restrictions.list({ kind, scope }, page);
    const at = now();
    const items = listed.items.filter(({ until }) => until === null || until > at).map(banOf);
    return success({ items, nextCursor: listed.nextCursor });
  }

  #refuse(caller: Requester, creatorId: string | null, action: CreatorAction): Refusal | null {
    const isOfCreator = creatorId !== null && mayAct(caller, creatorId, action);
    return isOfCreator || isOperator(caller) ? null : refusal('forbidden');
  }

  async #refuseBan({ caller, creatorId, userId, ban }: ActionParams<'bans.put'>) {
    const { operatorAccounts, now } = this.#options;
    if (userId === caller.userId || userId === creatorId)
      return refusal('invalid-request', 'Nobody can ban themselves.');
    if (Number.isNaN(ban.until) || (ban.until !== undefined && ban.until <= now()))
      return refusal('invalid-request', 'until: must be in the future.');
    const isOfOperator = creatorId === null && (await operatorAccounts.find(userId)) !== null;
    return isOfOperator ? OF_OPERATOR : null;
  }

  async #store(restriction: Restriction): Promise<boolean> {
    const { restrictions, liveBus, now } = this.#options;
    const ofScopeMax = restriction.scope === '' ? BANS_MAX : BANS_OF_CREATOR_MAX;
    const bounds: RestrictionBounds = { ofScopeMax, max: BANS_MAX };
    const change = await restrictions.put(restriction, bounds, now());
    if (change !== null) liveBus.publish(RESTRICTIONS_TOPIC, { type: 'restriction', change });
    return change !== null;
  }

  async #lift(key: RestrictionKey): Promise<Outcome<null>> {
    const { restrictions, liveBus } = this.#options;
    const change = await restrictions.lift(key);
    if (change !== null) liveBus.publish(RESTRICTIONS_TOPIC, { type: 'restriction', change });
    return change === null ? refusal('not-found') : success(null);
  }

  /**
   * A job with refunds counts as one of the caller's. One without refunds counts as one of the
   * creator's bans, or of the operators', which have bounds of their own: so whoever bans many
   * users does not reach the bound of a user's jobs, and no creator the bound of the operators'
   * jobs.
   */
  async #enforce(
    restriction: Restriction,
    caller: Requester,
    { refundOrders = false, restock = true }: NewBan,
  ): Promise<Outcome<MadeBan>> {
    const { queue, now, random } = this.#options;
    const { scope, subject: userId } = restriction;
    const operator = isOperator(caller);
    // Whoever may act for a creator refunds as the creator.
    const refundsAs: Caller = { userId: operator ? caller.userId : scope, operator };
    const params: EnforceBanParams = {
      creatorId: scope === '' ? null : scope,
      userId,
      refundsAs: refundOrders ? refundsAs : null,
      restock,
      since: restriction.since,
    };
    const ofBansMax = operator ? BAN_JOBS_OF_OPERATORS_MAX : BAN_JOBS_OF_CREATOR_MAX;
    const bounds = {
      ofKindMax: operator ? BAN_JOBS_MAX : JOB_BOUNDS.ofKindMax,
      ofCallerMax: refundOrders ? JOB_BOUNDS.ofCallerMax : ofBansMax,
    };
    const job = {
      id: makeId('j', now(), random(ID_RANDOM_BYTES)),
      kind: ENFORCE_BAN,
      callerId: refundOrders ? caller.userId : bansCallerId(operator ? '' : scope),
      subject: userId,
      params,
      total: null,
    } as const;
    const added = await queue.add(job, bounds);
    return added.ok ? success({ ban: banOf(restriction), jobId: added.value.id }) : added;
  }
}

const CALLER_LENGTH_MAX = 128;
const OF_OPERATOR = refusal('invalid-request', 'The user is an operator: remove the role first.');
const TOO_MANY = refusal('too-many', 'There are as many bans as there may be: lift some first.');

/** By which the jobs of a creator's bans are counted; '': of the operators' bans. */
function bansCallerId(creatorId: string): string {
  return `ban/${creatorId}`.slice(0, CALLER_LENGTH_MAX);
}

function banOf({ scope, subject, reason, since, by, until }: Restriction): Ban {
  return {
    userId: subject,
    creatorId: scope === '' ? null : scope,
    reason,
    bannedAt: since,
    bannedBy: by,
    until,
  };
}
