// Follows of creators. Each change is published to the follower's open connections at once (F1, F2,
// N5).

import { CHANGES_TOPIC, type LiveBus, userTopic } from '../actors/live-bus.ts';
import type { ActionParams } from '../contracts/actions.ts';
import { PAGE_LIMIT_MAX } from '../contracts/bounds.ts';
import type { Follow, NamedFollow } from '../contracts/follows.ts';
import type { Page, PageRequest } from '../contracts/paging.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import { outcomeOf } from './repeated-requests.ts';
import { NOTHING_HIDDEN } from './selling-rules.ts';
import { shownPage } from './shown-page.ts';
import type { AccountStore } from '../storage/ports/accounts.ts';
import type { Catalogue } from '../storage/ports/catalogue.ts';
import type { FollowStore } from '../storage/ports/follows.ts';

export interface FollowsOptions {
  readonly follows: FollowStore;
  readonly accounts: AccountStore;
  readonly catalogue: Catalogue;
  readonly liveBus: LiveBus;
  /** What is taken down; nothing unless given. */
  readonly hidden?: Pick<RestrictionSet, 'isHidden'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class Follows {
  readonly #options: FollowsOptions;

  constructor(options: FollowsOptions) {
    this.#options = options;
  }

  async follow({
    userId,
    creatorId,
    request,
  }: ActionParams<'follows.follow'>): Promise<Outcome<null>> {
    const { follows, now } = this.#options;
    if (userId === creatorId) return refusal('invalid-request', 'Nobody can follow themselves.');
    if (!(await this.#exists(creatorId))) return refusal('not-found');
    if (request !== undefined) {
      const followed = outcomeOf(await follows.followOnce(request, userId, creatorId, now()));
      if (followed.ok) await this.#publish(userId, creatorId);
      return followed;
    }
    await follows.follow(userId, creatorId, now());
    await this.#publish(userId, creatorId);
    return success(null);
  }

  /**
   * Publishes the pair as it is, also where nothing changed: a connection that missed the first
   * message gets this one. The revision is read first. So whoever makes the last change of a pair
   * publishes the final state with the highest revision of all messages about it, whoever else
   * publishes and in whatever order they arrive (F5).
   */
  async #publish(userId: string, creatorId: string): Promise<void> {
    const { follows, liveBus } = this.#options;
    const revision = await follows.revision(userId);
    const following = await follows.isFollowing(userId, creatorId);
    liveBus.publish(userTopic(userId), { type: 'follow', creatorId, following, revision });
    // The record of the change can be read before the creator's side of it is written.
    const changes = [{ kind: 'follow', userId, creatorId }] as const;
    liveBus.publish(CHANGES_TOPIC, { type: 'entities-changed', records: null, changes });
  }

  async unfollow({ userId, creatorId }: ActionParams<'follows.unfollow'>): Promise<Outcome<null>> {
    await this.#options.follows.unfollow(userId, creatorId);
    await this.#publish(userId, creatorId);
    return success(null);
  }

  async revision({ userId }: ActionParams<'follows.revision'>): Promise<Outcome<number>> {
    return success(await this.#options.follows.revision(userId));
  }

  async isFollowing({
    userId,
    creatorId,
  }: ActionParams<'follows.isFollowing'>): Promise<Outcome<boolean>> {
    return success(await this.#options.follows.isFollowing(userId, creatorId));
  }

  async followers({
    creatorId,
    page,
    withHidden = false,
  }: ActionParams<'follows.followers'>): Promise<Outcome<Page<NamedFollow>>> {
    const { follows } = this.#options;
    const read = (next: PageRequest) => follows.listFollowers(creatorId, next);
    return success(await this.#named(await shownPage(page, read, this.#isShown(withHidden))));
  }

  async following({
    userId,
    page,
    withHidden = false,
  }: ActionParams<'follows.following'>): Promise<Outcome<Page<NamedFollow>>> {
    const { follows } = this.#options;
    const read = (next: PageRequest) => follows.listFollowing(userId, next);
    return success(await this.#named(await shownPage(page, read, this.#isShown(withHidden))));
  }

  async creatorsOf({
    userId,
    limit,
  }: ActionParams<'follows.creatorsOf'>): Promise<Outcome<readonly string[]>> {
    const creatorIds: string[] = [];
    let cursor: string | null = null;
    while (creatorIds.length < limit) {
      const length = Math.min(limit - creatorIds.length, PAGE_LIMIT_MAX);
      const page: Page<Follow> = await this.#options.follows.listFollowing(userId, {
        limit: length,
        cursor,
      });
      for (const row of page.items) creatorIds.push(row.userId);
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    return success(creatorIds);
  }

  #isShown(withHidden: boolean): (follow: Follow) => boolean {
    const { hidden = NOTHING_HIDDEN } = this.#options;
    return ({ userId }) => withHidden || !hidden.isHidden({ creatorId: userId });
  }

  /** Creators may have offline tokens and no account. Then their products show that they exist. */
  async #exists(creatorId: string): Promise<boolean> {
    const { accounts, catalogue, hidden = NOTHING_HIDDEN } = this.#options;
    if (hidden.isHidden({ creatorId })) return false;
    if ((await accounts.findUser(creatorId)) !== null) return true;
    const products = await catalogue.listProducts({ creatorId }, { limit: 1, cursor: null });
    return products.items.length > 0;
  }

  /** The name of a user without an account is the id. */
  async #named({ items, nextCursor }: Page<Follow>): Promise<Page<NamedFollow>> {
    const names = await this.#options.accounts.namesOf(items.map(({ userId }) => userId));
    const named = items.map(({ userId, since }) => {
      return { userId, name: names.get(userId) ?? userId, since };
    });
    return { items: named, nextCursor };
  }
}
