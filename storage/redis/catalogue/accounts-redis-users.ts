// Users on Redis: a hash in the bucket of the user's id, changed by scripts that append the record
// of the change (C1). Until the copy from level 0 has begun, users are written at the keys of level
// 0, without records, by scripts that respect the mark of a moved user.

import type { User, UserAsRead, UserChange } from '../../ports/accounts.ts';
import { publicUser } from '../../ports/change-stream.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import {
  changeBucketOf,
  changesKey,
  entitiesKey,
  memberOf,
  oldUserKey,
  userKey,
} from './catalogue-keys.ts';
import type { CatalogueLayout } from './catalogue-layout.ts';
import { APPEND_CHANGE } from './change-append.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';
import { type Found, readEitherPlace } from './either-place.ts';
import { type EntityMoves, MOVED_FIELD } from './entity-moves.ts';
import type { EntityParts } from './entity-parts.ts';
import { type StoredUser, usersAt } from './stored-users.ts';

/** Attempts of one change: of concurrent changes of one user, each round lets one succeed. */
const CHANGE_ROUNDS_MAX = 20;

const [CREATED, PRESENT, ABANDONED] = [1, 2, 3];
const [CHANGED, UNCHANGED, MOVED] = [1, 0, -1];

/** KEYS: user, changes, entities. ARGV: most records, record, member, then fields and values. */
const CREATE = new Script(`${APPEND_CHANGE}
if redis.call('EXISTS', KEYS[1]) == 1 then
  if redis.call('HEXISTS', KEYS[1], 'id') == 1 then return ${PRESENT} end
  return ${ABANDONED}
end
append_change(KEYS[2], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
redis.call('ZADD', KEYS[3], 0, ARGV[3])
return ${CREATED}`);

/** KEYS: user, changes. ARGV: most records, record, expected revision, roles. */
const CHANGE_ROLES = new Script(`${APPEND_CHANGE}
if redis.call('HEXISTS', KEYS[1], 'id') == 0 then return ${UNCHANGED} end
if (redis.call('HGET', KEYS[1], 'revision') or '0') ~= ARGV[3] then return ${UNCHANGED} end
append_change(KEYS[2], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[1], 'roles', ARGV[4], 'revision', ARGV[3] + 1)
return ${CHANGED}`);

/**
 * KEYS: user, changes. ARGV: most records, record, revision as read, id of the medium or nothing.
 */
const SET_AVATAR = new Script(`${APPEND_CHANGE}
if (redis.call('HGET', KEYS[1], 'revision') or '0') ~= ARGV[3] then return ${UNCHANGED} end
append_change(KEYS[2], ARGV[1], ARGV[2])
if ARGV[4] == '' then redis.call('HDEL', KEYS[1], 'avatarMediaId')
else redis.call('HSET', KEYS[1], 'avatarMediaId', ARGV[4]) end
redis.call('HSET', KEYS[1], 'revision', ARGV[3] + 1)
return ${CHANGED}`);

const IS_AS_READ = `
local function is_as_read(key, email, hash)
  local present = redis.call('HMGET', key, 'email', 'passwordHash')
  return present[1] == email and present[2] == hash
end`;

/**
 * KEYS: user. ARGV: e-mail and password hash as read, by how much `credentials` rises, fields and
 * values.
 */
const CHANGE_USER = new Script(`${IS_AS_READ}
if not is_as_read(KEYS[1], ARGV[1], ARGV[2]) then return ${UNCHANGED} end
if #ARGV > 3 then redis.call('HSET', KEYS[1], unpack(ARGV, 4)) end
if ARGV[3] == '1' then redis.call('HINCRBY', KEYS[1], 'credentials', 1) end
return ${CHANGED}`);

const FENCE_FIELD = 'emailFence';

/** KEYS: user. ARGV: e-mail and password hash as read, fence, new e-mail. */
const CHANGE_EMAIL = new Script(`${IS_AS_READ}
if not is_as_read(KEYS[1], ARGV[1], ARGV[2]) then return ${UNCHANGED} end
if (redis.call('HGET', KEYS[1], '${FENCE_FIELD}') or '0') ~= ARGV[3] then return ${UNCHANGED} end
redis.call('HSET', KEYS[1], 'email', ARGV[4], 'emailConfirmed', 1)
return ${CHANGED}`);

/** When the account of a removed user was made. */
const REMOVED_FIELD = 'removed';
/** Its address until that is free. */
const FREED_FIELD = 'freed';

/** KEYS: user, changes, entities. ARGV: most records, record, member. */
const REMOVE = new Script(`${APPEND_CHANGE}
if redis.call('HEXISTS', KEYS[1], 'id') == 1 then
  append_change(KEYS[2], ARGV[1], ARGV[2])
  local present = redis.call('HMGET', KEYS[1], 'email', 'createdAt')
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], '${FREED_FIELD}', present[1], '${REMOVED_FIELD}', present[2])
  redis.call('ZREM', KEYS[3], ARGV[3])
end
return redis.call('HGET', KEYS[1], '${FREED_FIELD}')`);

/** KEYS: user. ARGV: e-mail. */
const FENCE_EMAIL = new Script(`
local email = redis.call('HGET', KEYS[1], 'email')
if email and string.lower(email) == string.lower(ARGV[1]) then return 0 end
if email then redis.call('HINCRBY', KEYS[1], '${FENCE_FIELD}', 1) end
return 1`);

/** KEYS: user. Answers 1 if there is no user, and none can be created any more. */
const ABANDON = new Script(`
if redis.call('HEXISTS', KEYS[1], 'id') == 1 then return 0 end
redis.call('HSET', KEYS[1], 'abandoned', 1)
return 1`);

/** KEYS: user of level 0. ARGV: fields and values. */
const CREATE_OLD = new Script(`
if redis.call('EXISTS', KEYS[1]) == 1 then
  if redis.call('HEXISTS', KEYS[1], 'id') == 1 then return ${PRESENT} end
  return ${ABANDONED}
end
redis.call('HSET', KEYS[1], unpack(ARGV))
return ${CREATED}`);

/** KEYS: user of level 0. ARGV: expected roles, new roles. */
const CHANGE_OLD_ROLES = new Script(`
if redis.call('HEXISTS', KEYS[1], '${MOVED_FIELD}') == 1 then return ${MOVED} end
local roles = redis.call('HGET', KEYS[1], 'roles')
if not roles then return ${MOVED} end
if roles ~= ARGV[1] then return ${UNCHANGED} end
redis.call('HSET', KEYS[1], 'roles', ARGV[2])
return ${CHANGED}`);

/** Errors of all methods: `store-unavailable`. */
export class RedisUsers {
  readonly #redis: RedisConnection;
  readonly #layout: CatalogueLayout;
  readonly #moves: EntityMoves;
  readonly #changes: RedisChangeStream;

  constructor({ redis, layout, moves, changes }: EntityParts) {
    this.#redis = redis;
    this.#layout = layout;
    this.#moves = moves;
    this.#changes = changes;
  }

  /** False if the user exists already, or was abandoned. */
  async create(user: User): Promise<boolean> {
    let createdOld = false;
    if (this.#layout.phase === 'old') {
      const fields = Object.entries(fieldsOf(user)).flat();
      const outcome = await CREATE_OLD.run(this.#redis, [oldUserKey(user.id)], fields);
      createdOld = outcome === CREATED;
      // Only users written before the copy began are certain to be copied.
      if ((await this.#layout.refresh()) === 'old') return createdOld;
    }
    if (!this.#layout.isCopied) await this.#moves.user(user.id);
    const outcome = await this.#createInBucket(user);
    return outcome === CREATED || (createdOld && outcome === PRESENT);
  }

  /** In the order of the ids. */
  async find(ids: readonly string[]): Promise<(User | null)[]> {
    const found = await this.#locate(ids);
    return found.map((each) => each?.value.user ?? null);
  }

  /** In the order of the ids. */
  async names(ids: readonly string[]): Promise<(string | null)[]> {
    const read = (keyOf: (id: string) => string) => (some: readonly string[]) =>
      answerOf(Promise.all(some.map((id) => this.#redis.hget(keyOf(id), 'name'))));
    const places = { inBucket: read(userKey), atOldKeys: read(oldUserKey) };
    const found = await readEitherPlace(this.#layout, ids, places);
    return found.map((each) => each?.value ?? null);
  }

  /** Errors: `store-unavailable`, also for users at the keys of level 0. */
  async change(user: UserAsRead, change: UserChange): Promise<boolean> {
    await this.#bringToBucket(user.id);
    const { passwordHash, emailConfirmed } = change;
    const fields = [
      ...(passwordHash === undefined ? [] : ['passwordHash', passwordHash]),
      ...(emailConfirmed === true ? ['emailConfirmed', 1] : []),
    ];
    const raises = passwordHash === undefined ? 0 : 1;
    const args = [user.email, user.passwordHash, raises, ...fields];
    return (await CHANGE_USER.run(this.#redis, [userKey(user.id)], args)) === CHANGED;
  }

  /** How often others took claims of this user over; null for no user. Errors: as `change`. */
  async fence(userId: string): Promise<number | null> {
    await this.#bringToBucket(userId);
    const [id, fence] = await answerOf(this.#redis.hmget(userKey(userId), 'id', FENCE_FIELD));
    return id === null ? null : Number(fence ?? 0);
  }

  /** False if the user is not as it was read, or the fence has risen. */
  async changeEmail(user: UserAsRead, email: string, fence: number): Promise<boolean> {
    const args = [user.email, user.passwordHash, fence, email];
    return (await CHANGE_EMAIL.run(this.#redis, [userKey(user.id)], args)) === CHANGED;
  }

  /** Prevents that a user takes an address that is not the user's yet. False where it is. */
  async fenceEmail(userId: string, email: string): Promise<boolean> {
    await this.#bringToBucket(userId);
    return (await FENCE_EMAIL.run(this.#redis, [userKey(userId)], [email])) === 1;
  }

  async #bringToBucket(userId: string): Promise<void> {
    if (this.#layout.phase === 'old' && (await this.#layout.refresh()) === 'old')
      throw new StoreUnavailableError('accounts change from feature level 1 on');
    if (!this.#layout.isCopied) await this.#moves.user(userId);
  }

  /**
   * Leaves a mark in the place of the user. The address that is still to be freed; null where none
   * is. Errors: as `change`.
   */
  async remove(userId: string): Promise<string | null> {
    await this.#bringToBucket(userId);
    const bucket = changeBucketOf(userId);
    const answer = await this.#changes.append(
      REMOVE,
      [userKey(userId), changesKey(bucket), entitiesKey(bucket)],
      [JSON.stringify({ kind: 'user', userId, user: null }), memberOf('user', userId)],
    );
    return answer as string | null;
  }

  async forgetEmail(userId: string): Promise<void> {
    await answerOf(this.#redis.hdel(userKey(userId), FREED_FIELD));
  }

  async findRemoved(userId: string): Promise<{ readonly createdAt: number } | null> {
    const removed = await answerOf(this.#redis.hget(userKey(userId), REMOVED_FIELD));
    return removed === null ? null : { createdAt: Number(removed) };
  }

  /** Retries a change that a concurrent change overtook. */
  async addRole(userId: string, role: string): Promise<void> {
    for (let round = 0; round < CHANGE_ROUNDS_MAX; round++) {
      const [found] = await this.#locate([userId]);
      if (!found || found.value.user.roles.includes(role)) return;
      if (found.inBucket) {
        if (await this.#changeRoles(found.value, role)) return;
      } else if (this.#layout.phase === 'old') {
        const outcome = await this.#changeOldRoles(found.value, role);
        if (outcome === CHANGED) return;
        if (outcome === MOVED) await this.#layout.refresh();
      } else {
        await this.#moves.user(userId);
      }
    }
    throw tooManyChanges();
  }

  /** Retries a change that a concurrent change overtook. Errors: as `change`. */
  async setAvatar(userId: string, mediaId: string | null): Promise<void> {
    await this.#bringToBucket(userId);
    for (let round = 0; round < CHANGE_ROUNDS_MAX; round++) {
      const [found] = await this.#locate([userId]);
      if (!found) return;
      const { user, revision } = found.value;
      const { avatarMediaId: before = null, ...rest } = user;
      if (before === mediaId) return;
      const changed = { ...rest, ...(mediaId !== null && { avatarMediaId: mediaId }) };
      const keys = [userKey(userId), changesKey(changeBucketOf(userId))];
      const args = [recordOf(changed), revision, mediaId ?? ''];
      if ((await this.#changes.append(SET_AVATAR, keys, args)) === CHANGED) return;
    }
    throw tooManyChanges();
  }

  /**
   * Prevents that a missing user is created: a registration that is about to write the user finds
   * the mark. False if the user exists.
   */
  async abandon(userId: string): Promise<boolean> {
    if (!this.#layout.isCopied) {
      if ((await ABANDON.run(this.#redis, [oldUserKey(userId)], [])) !== 1) return false;
      if ((await this.#layout.refresh()) === 'old') return true;
    }
    return (await ABANDON.run(this.#redis, [userKey(userId)], [])) === 1;
  }

  #locate(ids: readonly string[]): Promise<(Found<StoredUser> | null)[]> {
    return readEitherPlace(this.#layout, ids, {
      inBucket: (some) => usersAt(this.#redis, some.map(userKey)),
      atOldKeys: (some) => usersAt(this.#redis, some.map(oldUserKey)),
    });
  }

  #createInBucket(user: User): Promise<unknown> {
    const bucket = changeBucketOf(user.id);
    const fields = { ...fieldsOf(user), revision: 1 };
    return this.#changes.append(
      CREATE,
      [userKey(user.id), changesKey(bucket), entitiesKey(bucket)],
      [recordOf(user), memberOf('user', user.id), ...Object.entries(fields).flat()],
    );
  }

  async #changeRoles({ user, revision }: StoredUser, role: string): Promise<boolean> {
    const roles = [...user.roles, role];
    const outcome = await this.#changes.append(
      CHANGE_ROLES,
      [userKey(user.id), changesKey(changeBucketOf(user.id))],
      [recordOf({ ...user, roles }), revision, JSON.stringify(roles)],
    );
    return outcome === CHANGED;
  }

  #changeOldRoles({ user, rolesText }: StoredUser, role: string): Promise<unknown> {
    const args = [rolesText, JSON.stringify([...user.roles, role])];
    return CHANGE_OLD_ROLES.run(this.#redis, [oldUserKey(user.id)], args);
  }
}

function fieldsOf({ id, email, name, passwordHash, roles, createdAt, language }: User) {
  const fields = { id, email, name, passwordHash, roles: JSON.stringify(roles), createdAt };
  return language === undefined ? fields : { ...fields, language };
}

function recordOf(user: User): string {
  return JSON.stringify({ kind: 'user', userId: user.id, user: publicUser(user) });
}

function tooManyChanges(): StoreUnavailableError {
  return new StoreUnavailableError('too many changes of one user at the same time');
}
