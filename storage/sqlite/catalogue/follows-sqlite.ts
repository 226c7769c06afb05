// Follows on SQLite: every page is one range of a covering index, at any depth (F2).

import type { FollowCounts, FollowStore } from '../../ports/follows.ts';
import type { Follow } from '../../../contracts/follows.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import type { Reconciled, ReconcileOptions } from '../../ports/reconciled.ts';
import type { Answered } from '../../ports/requests.ts';
import type { ChangingDatabase } from './catalogue-options.ts';
import { reconcileFollowCounts } from './follow-counts-sqlite.ts';
import { readPage } from '../thread/read-page.ts';
import { readQuery } from '../thread/read-query.ts';

type ListParameters = [string, number, string, number];

const NO_FOLLOWS: FollowCounts = { followers: 0, following: 0 };

export class SqliteFollowStore implements FollowStore {
  readonly #writer;
  readonly #signal;
  readonly #file: string;
  readonly #isFollowing;
  readonly #followers;
  readonly #following;
  readonly #counts;
  readonly #countsOfUsers;
  readonly #revision;

  constructor({ writer, reader, signal }: ChangingDatabase) {
    this.#writer = writer;
    this.#signal = signal;
    this.#file = reader.name;
    this.#isFollowing = reader
      .prepare<[string, string], 1>('select 1 from follows where user_id = ? and creator_id = ?')
      .pluck();
    // `+?`: see `docs/decisions/118-values-that-plan-nothing.md`.
    this.#followers = reader.prepare<ListParameters, Follow>(`
      select user_id as userId, since from follows
      where creator_id = +? and (since, user_id) < (?, ?)
      order by since desc, user_id desc limit +?`);
    this.#following = reader.prepare<ListParameters, Follow>(`
      select creator_id as userId, since from follows
      where user_id = +? and (since, creator_id) < (?, ?)
      order by since desc, creator_id desc limit +?`);
    this.#counts = reader.prepare<[string], FollowCounts>(
      'select followers, following from follow_counts where user_id = ?',
    );
    this.#countsOfUsers = reader.prepare<[string], FollowCounts & { readonly userId: string }>(`
      select user_id as userId, followers, following from follow_counts
      where user_id in (select value from json_each(?))`);
    this.#revision = reader
      .prepare<[string], number>('select revision from follow_counts where user_id = ?')
      .pluck();
  }

  async follow(userId: string, creatorId: string, since: number): Promise<boolean> {
    const changed = await this.#writer.submit('follow', userId, creatorId, since);
    if (changed) this.#signal.appended();
    return changed;
  }

  async followOnce(
    request: KeyedRequest,
    userId: string,
    creatorId: string,
    since: number,
  ): Promise<Answered<null>> {
    const answered = await this.#writer.submit('followOnce', request, userId, creatorId, since);
    if (answered.result === 'new') this.#signal.appended();
    return answered;
  }

  async unfollow(userId: string, creatorId: string): Promise<boolean> {
    const changed = await this.#writer.submit('unfollow', userId, creatorId);
    if (changed) this.#signal.appended();
    return changed;
  }

  async isFollowing(userId: string, creatorId: string): Promise<boolean> {
    return readQuery(() => this.#isFollowing.get(userId, creatorId)) !== undefined;
  }

  async listFollowers(creatorId: string, page: PageRequest): Promise<Page<Follow>> {
    return readPage(
      'followers',
      page,
      ({ time, id }, limit) => readQuery(() => this.#followers.all(creatorId, time, id, limit)),
      positionOf,
    );
  }

  async listFollowing(userId: string, page: PageRequest): Promise<Page<Follow>> {
    return readPage(
      'following',
      page,
      ({ time, id }, limit) => readQuery(() => this.#following.all(userId, time, id, limit)),
      positionOf,
    );
  }

  reconcile(options: ReconcileOptions): Promise<Reconciled> {
    return reconcileFollowCounts({ file: this.#file, writer: this.#writer }, options);
  }

  async revision(userId: string): Promise<number> {
    return readQuery(() => this.#revision.get(userId)) ?? 0;
  }

  async counts(userId: string): Promise<FollowCounts> {
    return readQuery(() => this.#counts.get(userId)) ?? NO_FOLLOWS;
  }

  async countsOf(userIds: readonly string[]): Promise<Map<string, FollowCounts>> {
    const counts = new Map<string, FollowCounts>(userIds.map((id) => [id, NO_FOLLOWS]));
    const rows = readQuery(() => this.#countsOfUsers.all(JSON.stringify(userIds)));
    for (const { userId, followers, following } of rows)
      counts.set(userId, { followers, following });
    return counts;
  }
}

function positionOf(follow: Follow): { time: number; id: string } {
  return { time: follow.since, id: follow.userId };
}
