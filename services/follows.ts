// The follows service: who follows whom, told to open connections at once (F1, F2, N5).

import type { ServiceSchema } from 'moleculer';
import { type LiveBus, userTopic } from '../actors/live-bus.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { AccountStore } from '../storage/ports/accounts.ts';
import type { Catalogue } from '../storage/ports/catalogue.ts';
import type { Follow, NamedFollow } from '../contracts/follows.ts';
import type { Page } from '../contracts/paging.ts';
import type { ActionParams } from '../contracts/actions.ts';
import type { FollowStore } from '../storage/ports/follows.ts';
import { defineService } from './moleculer/define-service.ts';

export interface FollowsServiceOptions {
  readonly follows: FollowStore;
  readonly accounts: AccountStore;
  readonly catalogue: Catalogue;
  readonly liveBus: LiveBus;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Rows read at a time for `creatorsOf`: the longest page. */
const PAGE_LENGTH_MAX = 100;

export function followsService(options: FollowsServiceOptions): ServiceSchema {
  const { follows, accounts } = options;
  return defineService('follows', {
    follow: (params) => follow(options, params),
    unfollow: (params) => unfollow(options, params),
    async isFollowing({ userId, creatorId }) {
      return success(await follows.isFollowing(userId, creatorId));
    },
    async followers({ creatorId, page }) {
      return success(await withNames(accounts, await follows.listFollowers(creatorId, page)));
    },
    async following({ userId, page }) {
      return success(await withNames(accounts, await follows.listFollowing(userId, page)));
    },
    async creatorsOf({ userId, limit }) {
      return success(await creatorsOf(follows, userId, limit));
    },
  });
}

async function follow(
  { follows, accounts, catalogue, liveBus, now }: FollowsServiceOptions,
  { userId, creatorId }: ActionParams<'follows.follow'>,
): Promise<Outcome<null>> {
  if (userId === creatorId) return refusal('invalid-request', 'Nobody can follow themselves.');
  if (!(await exists(accounts, catalogue, creatorId))) return refusal('not-found');
  await follows.follow(userId, creatorId, now());
  // Told also where nothing changed: a connection that missed the first message hears it now.
  liveBus.publish(userTopic(userId), { type: 'follow', creatorId, following: true });
  return success(null);
}

async function unfollow(
  { follows, liveBus }: FollowsServiceOptions,
  { userId, creatorId }: ActionParams<'follows.unfollow'>,
): Promise<Outcome<null>> {
  await follows.unfollow(userId, creatorId);
  liveBus.publish(userTopic(userId), { type: 'follow', creatorId, following: false });
  return success(null);
}

/**
 * Creators may come by an offline token, without an account: then their products show that they
 * exist.
 */
async function exists(
  accounts: AccountStore,
  catalogue: Catalogue,
  creatorId: string,
): Promise<boolean> {
  if ((await accounts.findUser(creatorId)) !== null) return true;
  const products = await catalogue.listProducts({ creatorId }, { limit: 1, cursor: null });
  return products.items.length > 0;
}

/** Users without an account go by their id. */
async function withNames(accounts: AccountStore, page: Page<Follow>): Promise<Page<NamedFollow>> {
  const names = await accounts.namesOf(page.items.map(({ userId }) => userId));
  const items = page.items.map(({ userId, since }) => ({
    userId,
    name: names.get(userId) ?? userId,
    since,
  }));
  return { items, nextCursor: page.nextCursor };
}

async function creatorsOf(
  follows: FollowStore,
  userId: string,
  limit: number,
): Promise<readonly string[]> {
  const creatorIds: string[] = [];
  let cursor: string | null = null;
  while (creatorIds.length < limit) {
    const length = Math.min(limit - creatorIds.length, PAGE_LENGTH_MAX);
    const page: Page<Follow> = await follows.listFollowing(userId, { limit: length, cursor });
    for (const row of page.items) creatorIds.push(row.userId);
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  return creatorIds;
}
