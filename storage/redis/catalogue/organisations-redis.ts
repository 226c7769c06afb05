// Organisations on Redis: a hash of all as JSON, a hash of the roles of each user by organisation,
// and for each address a sorted set of the organisations that invited it, by the invitation's end.
// All are in one bucket of the change stream, so that each change is one script, whoever the
// members are. One server has all of them, which is enough: gateways remember what a user is where,
// and organisations rarely change.

import type { MemberRole } from '../../../contracts/creator-actions.ts';
import {
  INVITATIONS_PER_ADDRESS_MAX,
  type Membership,
  ORGANISATIONS_PER_USER_MAX,
  type StoredOrganisation,
} from '../../../contracts/organisations.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { addressKey } from '../../../domain/organisation.ts';
import {
  indexChanges,
  type OrganisationChange,
  type OrganisationStore,
  recordedChange,
  type Replaced,
} from '../../ports/organisations.ts';
import type { Answered } from '../../ports/requests.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';
import {
  changesKey,
  entitiesKey,
  invitingKey,
  memberOf,
  membershipsKey,
  ORGANISATIONS_BUCKET,
  organisationsKey,
} from './catalogue-keys.ts';
import { APPEND_CHANGE } from './change-append.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';
import type { EntityParts } from './entity-parts.ts';
import { answeredOf, onceScript, type RedisRequests } from './requests-redis.ts';

const DONE = 'done';

/**
 * KEYS: organisations, changes, entities; then the roles of each changed user and the invitations
 * of each changed address. ARGV: most records, record or nothing, member, id, revision before,
 * organisation or nothing, now, how many users, then the new role of each or nothing, how many
 * addresses, and the new end of each or nothing.
 */
const REPLACE = new Script(`${APPEND_CHANGE}
local id = ARGV[4]
local stored = redis.call('HGET', KEYS[1], id)
local revision = stored and cjson.decode(stored).revision or 0
if revision ~= tonumber(ARGV[5]) then return 'overtaken' end
local users = tonumber(ARGV[8])
local addresses = tonumber(ARGV[9 + users])
for i = 1, users do
  local key, role = KEYS[3 + i], ARGV[8 + i]
  if role ~= '' and redis.call('HEXISTS', key, id) == 0
    and redis.call('HLEN', key) >= ${ORGANISATIONS_PER_USER_MAX} then return 'organisations' end
end
for i = 1, addresses do
  local key, finish = KEYS[3 + users + i], ARGV[9 + users + i]
  if finish ~= '' then
    local open = redis.call('ZCOUNT', key, '(' .. ARGV[7], '+inf')
    local own = redis.call('ZSCORE', key, id)
    if own and tonumber(own) > tonumber(ARGV[7]) then open = open - 1 end
    if open >= ${INVITATIONS_PER_ADDRESS_MAX} then return 'invitations' end
  end
end
if ARGV[2] ~= '' then append_change(KEYS[2], ARGV[1], ARGV[2]) end
if ARGV[6] == '' then
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[3], ARGV[3])
else
  redis.call('HSET', KEYS[1], id, ARGV[6])
  redis.call('ZADD', KEYS[3], 0, ARGV[3])
end
for i = 1, users do
  local key, role = KEYS[3 + i], ARGV[8 + i]
  if role == '' then redis.call('HDEL', key, id) else redis.call('HSET', key, id, role) end
end
for i = 1, addresses do
  local key, finish = KEYS[3 + users + i], ARGV[9 + users + i]
  if finish == '' then redis.call('ZREM', key, id) else redis.call('ZADD', key, finish, id) end
end
return '${DONE}'`);

const REPLACE_ONCE = onceScript(REPLACE, `result == '${DONE}'`);

export class RedisOrganisations implements OrganisationStore {
  readonly #redis: RedisConnection;
  readonly #changes: RedisChangeStream;
  readonly #requests: RedisRequests;

  constructor({ redis, changes, requests }: Pick<EntityParts, 'redis' | 'changes' | 'requests'>) {
    this.#redis = redis;
    this.#changes = changes;
    this.#requests = requests;
  }

  async find(id: string): Promise<StoredOrganisation | null> {
    const text = await answerOf(this.#redis.hget(organisationsKey(), id));
    return text === null ? null : (JSON.parse(text) as StoredOrganisation);
  }

  async membershipsOf(userId: string): Promise<readonly Membership[]> {
    const roles = await answerOf(this.#redis.hgetall(membershipsKey(userId)));
    return Object.entries(roles).map(([organisationId, role]) => {
      return { organisationId, role: role as MemberRole };
    });
  }

  invitingTo(email: string): Promise<readonly string[]> {
    return answerOf(this.#redis.zrange(invitingKey(addressKey(email)), 0, -1));
  }

  async replace(change: OrganisationChange): Promise<Replaced> {
    const { keys, args } = partsOf(change);
    return replacedOf(await this.#changes.append(REPLACE, keys, args), change);
  }

  async replaceOnce(
    request: KeyedRequest,
    change: OrganisationChange,
  ): Promise<Answered<Replaced>> {
    const { keys, args } = partsOf(change);
    const kept = this.#requests.partOf(request, ORGANISATIONS_BUCKET, change.answer);
    const answer = await this.#changes.append(
      REPLACE_ONCE,
      [...keys, ...kept.keys],
      [...args, ...kept.args],
    );
    const answered = answeredOf(answer);
    if (answered.result === 'new')
      return { result: 'new', value: replacedOf(answered.value, change) };
    if (answered.result !== 'repeated') return answered;
    return repeated(answered.value as string);
  }

  async findAnswer(request: KeyedRequest): Promise<Answered<Replaced> | null> {
    const kept = await this.#requests.findIn(ORGANISATIONS_BUCKET, request);
    return kept?.result === 'repeated' ? repeated(kept.value) : kept;
  }

  async forgetAnswer(request: KeyedRequest, answer: string): Promise<void> {
    await this.#requests.removeIn(ORGANISATIONS_BUCKET, request, answer);
  }
}

/** All organisations of these ids that exist. Errors: `store-unavailable`. */
export async function organisationsAt(
  redis: RedisConnection,
  ids: readonly string[],
): Promise<StoredOrganisation[]> {
  if (ids.length === 0) return [];
  const texts = await answerOf(redis.hmget(organisationsKey(), ...ids));
  return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as StoredOrganisation]));
}

function partsOf(change: OrganisationChange): {
  readonly keys: readonly string[];
  readonly args: readonly ScriptArgument[];
} {
  const { before, after, now } = change;
  const { id } = (after ?? before)!;
  const { roles, ends } = indexChanges(change);
  const organisation = recordedChange(change);
  const record =
    organisation === undefined
      ? ''
      : JSON.stringify({ kind: 'organisation', organisationId: id, organisation });
  return {
    keys: [
      organisationsKey(),
      changesKey(ORGANISATIONS_BUCKET),
      entitiesKey(ORGANISATIONS_BUCKET),
      ...[...roles.keys()].map(membershipsKey),
      ...[...ends.keys()].map(invitingKey),
    ],
    args: [
      record,
      memberOf('organisation', id),
      id,
      before?.revision ?? 0,
      after === null ? '' : JSON.stringify(after),
      now,
      roles.size,
      ...[...roles.values()].map((role) => role ?? ''),
      ends.size,
      ...[...ends.values()].map((end) => end ?? ''),
    ],
  };
}

function replacedOf(answer: unknown, { answer: text }: OrganisationChange): Replaced {
  if (answer === DONE) return { isDone: true, answer: text };
  return { isDone: false, reason: answer as 'overtaken' | 'organisations' | 'invitations' };
}

function repeated(answer: string): Answered<Replaced> {
  return { result: 'repeated', value: { isDone: true, answer } };
}
