// Deleted accounts, and organisations (A8, A10): a job, so that a deletion that began ends,
// whatever crashes. First nobody is in any more, and the address is free; then what the account
// left with others goes. Orders, products, drops and ledgers keep the id, which then says nothing.

import type { Job } from '../../contracts/jobs.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { isNeededOwner } from '../../domain/organisation.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { JobStep } from '../../events/jobs/job.ts';
import type { JobHandler } from '../../events/jobs/job-handler.ts';
import type { JobQueue } from '../../events/jobs/job-queue.ts';
import type { AccountStore } from '../../storage/ports/accounts.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { ChangeStream } from '../../storage/ports/change-stream.ts';
import type { ContactStore } from '../../storage/ports/contacts.ts';
import type { Drafts } from '../../storage/ports/drafts.ts';
import type { FollowStore } from '../../storage/ports/follows.ts';
import type { LedgerStore } from '../../storage/ports/ledger.ts';
import type { OrganisationStore } from '../../storage/ports/organisations.ts';
import type { MediaStore } from '../../storage/ports/media.ts';
import type { OperatorAccountStore } from '../../storage/ports/operator-accounts.ts';
import type { OrderDetailsStore } from '../../storage/ports/order-details.ts';
import type { RecipientStore } from '../../storage/ports/recipients.ts';
import type { RestrictionStore } from '../../storage/ports/restrictions.ts';
import type { WebhookStore } from '../../storage/ports/webhooks.ts';
import type { Follows } from '../follows.ts';
import { removeRecipient } from '../push-subscriptions.ts';
import type { Sessions } from '../sessions.ts';
import { shopSpace } from '../user-ids.ts';
import {
  leaveOrganisations,
  type LeavingOptions,
  removeInvitationsTo,
} from './leave-organisations.ts';

const KIND = 'delete-account';
const HAND_OVER = 'make another member its owner, or remove them, first.';
/** Follows, drafts or contacts removed in one step. */
const PAGE = { limit: 50, cursor: null } as const;

/** In this order. */
const PHASES = [
  'account',
  'organisations',
  'following',
  'followers',
  'drafts',
  'contacts',
  'records',
] as const;
type Phase = (typeof PHASES)[number];

export interface DeleteAccountOptions extends LeavingOptions {
  readonly accounts: AccountStore;
  readonly operatorAccounts: Pick<OperatorAccountStore, 'remove'>;
  readonly orderDetails: Pick<OrderDetailsStore, 'erase'>;
  readonly follows: FollowStore;
  readonly drafts: Drafts;
  readonly contacts: ContactStore;
  readonly recipients: RecipientStore;
  readonly media: Pick<MediaStore, 'ofOwner' | 'replace'>;
  readonly ledger: Pick<LedgerStore, 'forgetSalt'>;
  readonly restrictions: Pick<RestrictionStore, 'list' | 'lift'>;
  readonly changes: ChangeStream;
  readonly webhooks: Pick<WebhookStore, 'ofCreator' | 'remove'>;
  readonly sessionsOf: Sessions;
  /** Unfollows, and tells open streams. */
  readonly followsOf: Pick<Follows, 'unfollow'>;
}

/** The params of a job. */
interface Params {
  readonly userId: string;
  /** Organisations that end with the account, which nobody else is in. Absent for none. */
  readonly organisationIds?: readonly string[];
}

export interface AccountDeletionOptions {
  readonly catalogue: Catalogue;
  readonly organisations: OrganisationStore;
  readonly queue: JobQueue;
}

export class AccountDeletion {
  readonly #options: AccountDeletionOptions;

  constructor(options: AccountDeletionOptions) {
    this.#options = options;
  }

  /**
   * Of an account, or of an organisation. From when this resolves to a success the deletion ends by
   * itself. Gives the ids of the organisations that end with the account, which nobody else is in.
   * Refuses `drops-not-over` while there are drops that are not over, `last-owner` while an
   * organisation of others would be left without its owner, `overloaded` where too many jobs wait.
   */
  async begin(userId: string): Promise<Outcome<readonly string[]>> {
    const { queue } = this.#options;
    const organisationIds = await this.#endingWith(userId);
    if (!organisationIds.ok) return organisationIds;
    for (const id of [userId, ...organisationIds.value]) {
      if (await this.#sells(id))
        return refusal('drops-not-over', 'End or cancel the drops of the account first.');
    }
    const added = await queue.add({
      id: `deletion_${userId}`,
      kind: KIND,
      callerId: `deletion/${userId}`.slice(0, 128),
      subject: userId,
      params: { userId, organisationIds: organisationIds.value } satisfies Params,
      total: null,
    });
    return added.ok ? organisationIds : added;
  }

  /** Those that the user alone is in. */
  async #endingWith(userId: string): Promise<Outcome<readonly string[]>> {
    const { organisations } = this.#options;
    const ending: string[] = [];
    for (const { organisationId } of await organisations.membershipsOf(userId)) {
      const organisation = await organisations.find(organisationId);
      if (organisation === null) continue;
      if (isNeededOwner(organisation, userId))
        return refusal('last-owner', `Others are in ${organisationId}: ${HAND_OVER}`);
      const isAlone = organisation.members.length === 1;
      if (isAlone && organisationId !== userId) ending.push(organisationId);
    }
    return success(ending);
  }

  async #sells(creatorId: string): Promise<boolean> {
    const { catalogue } = this.#options;
    for (const status of ['live', 'upcoming'] as const) {
      const filter = { creatorId, status, withUnlisted: true };
      const page = await catalogue.listDrops(filter, { limit: 1, cursor: null });
      if (page.items.length > 0) return true;
    }
    return false;
  }
}

export class DeleteAccountHandler implements JobHandler {
  readonly kind = KIND;
  readonly concurrency = 1;
  readonly #options: DeleteAccountOptions;

  constructor(options: DeleteAccountOptions) {
    this.#options = options;
  }

  /**
   * An organisation that is still stored when its turn comes has members who joined meanwhile, and
   * stays. The cursor is the phase, within records how far those were looked at, how many of the
   * account and its organisations are done, and the organisations in which the user turned out to
   * be the last: stored before the user leaves them, because nothing names them afterwards.
   */
  async step(job: Job): Promise<JobStep> {
    const { organisations } = this.#options;
    const { userId, organisationIds = [] } = job.params as Params;
    const [phase = PHASES[0], at = '0', index = '0', ...found] = (job.cursor ?? '')
      .split(' ')
      .filter(Boolean);
    const ids = [userId, ...organisationIds, ...found];
    const done = job.progress.done + 1;
    const number = Number(index);
    const id = ids[number]!;
    const hasMembers = number > 0 && (await organisations.find(id)) !== null;
    let inOne: string | null = null;
    if (!hasMembers) {
      const endings =
        phase === 'organisations' ? await leaveOrganisations(this.#options, id, ids) : [];
      found.push(...endings);
      inOne = endings.length > 0 ? `${phase} 0` : await this.#step(id, phase as Phase, Number(at));
    }
    const following = number + 1 < ids.length ? `${PHASES[0]} 0 ${number + 1}` : null;
    const place = inOne === null ? following : `${inOne} ${number}`;
    const next = place && [place, ...found].join(' ');
    const progress = { done, refused: {}, left: next === null ? 0 : null };
    return { cursor: next, progress, isLast: next === null };
  }

  /** The cursor of the next step; null at the end. Each step may come again. */
  async #step(userId: string, phase: Phase, at: number): Promise<string | null> {
    const { apiKeys, changes, recipients, sessionsOf } = this.#options;
    const after = PHASES[PHASES.indexOf(phase) + 1] ?? null;
    if (phase === 'account') {
      await this.#removeAccount(userId);
      return `${after} 0`;
    }
    if (phase === 'organisations') return `${after} 0`;
    if (phase === 'records') {
      const next = await changes.forgetUser(userId, at);
      if (next !== null) return `${phase} ${next}`;
      // What others of its requests were making meanwhile: a session, a key, a subscription.
      await sessionsOf.endOthers(userId, undefined);
      await apiKeys.removeAll(userId);
      await removeRecipient(recipients, userId);
      await this.#removeWebhooks(userId);
      return null;
    }
    return `${(await this.#removeSome(userId, phase)) ? phase : after} 0`;
  }

  async #removeAccount(userId: string): Promise<void> {
    const { accounts, accountLinks, apiKeys, operatorAccounts, orderDetails, recipients } =
      this.#options;
    const { ledger, sessionsOf } = this.#options;
    await sessionsOf.endOthers(userId, undefined);
    await operatorAccounts.remove(userId);
    await apiKeys.removeAll(userId);
    await this.#removeWebhooks(userId);
    await accountLinks.removeAll(userId);
    await removeRecipient(recipients, userId);
    await orderDetails.erase(userId);
    await ledger.forgetSalt(userId);
    const user = await accounts.findUser(userId);
    if (user !== null) await removeInvitationsTo(this.#options, user.email);
    await accounts.removeUser(userId);
  }

  async #removeWebhooks(creatorId: string): Promise<void> {
    const { webhooks } = this.#options;
    for (const { id } of await webhooks.ofCreator(creatorId)) await webhooks.remove(id);
  }

  /** Those that the creator made. Who has them in memory keeps them: there are no drops to buy. */
  async #liftBans(scope: string): Promise<boolean> {
    const { restrictions } = this.#options;
    const { items } = await restrictions.list({ kind: 'ban', scope }, PAGE);
    for (const ban of items) await restrictions.lift(ban);
    return items.length > 0;
  }

  /** Those that products use, too. Their bytes are collected a day later. */
  async #removeMedia(ownerId: string): Promise<boolean> {
    const { media } = this.#options;
    const found = await media.ofOwner(ownerId, PAGE.limit);
    for (const one of found) await media.replace(one, null);
    return found.length > 0;
  }

  /** False: there were none left. */
  async #removeSome(
    userId: string,
    phase: 'following' | 'followers' | 'drafts' | 'contacts',
  ): Promise<boolean> {
    const { follows, followsOf, drafts, contacts } = this.#options;
    if (phase === 'following') {
      const { items } = await follows.listFollowing(userId, PAGE);
      for (const follow of items) await followsOf.unfollow({ userId, creatorId: follow.userId });
      return items.length > 0;
    }
    if (phase === 'followers') {
      const { items } = await follows.listFollowers(userId, PAGE);
      for (const follow of items)
        await followsOf.unfollow({ userId: follow.userId, creatorId: userId });
      return items.length > 0;
    }
    if (phase === 'drafts') {
      const { items } = await drafts.list({ creatorId: userId }, PAGE);
      for (const draft of items) await drafts.remove(draft);
      return items.length > 0 || (await this.#liftBans(userId));
    }
    const { items } = await contacts.list(shopSpace(userId), PAGE);
    for (const contact of items) await contacts.remove(contact.userId);
    return items.length > 0 || (await this.#removeMedia(userId));
  }
}
