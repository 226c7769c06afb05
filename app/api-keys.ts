// API keys of creators (A5): made and shown once, listed, revoked, and what a key means.

import type { ActionParams } from '../contracts/actions.ts';
import {
  type ApiKey,
  type CreatedApiKey,
  type KeyIdentity,
  NewApiKey,
} from '../contracts/api-keys.ts';
import { API_KEY_AHEAD_MAX_MS } from '../contracts/bounds.ts';
import { compileCheck } from '../contracts/check.ts';
import type { Requester } from '../contracts/accounts.ts';
import { type CreatorAction, OPERATIONS_SCOPE } from '../contracts/creator-actions.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import {
  API_KEYS_PER_OWNER_MAX,
  type ApiKeyStore,
  type StoredApiKey,
} from '../storage/ports/api-keys.ts';
import { keyHash, keyHint, newKeyText } from './api-key-text.ts';
import { maySeeOperations } from './caller.ts';
import { isMember, mayAct } from './permissions.ts';
import type { RandomBytes } from './random-bytes.ts';

export interface ApiKeysOptions {
  readonly apiKeys: ApiKeyStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

/** The last use is stored to the hour, so a key costs one write in an hour. */
const USE_STEP_MS = 60 * 60_000;
const checkNew = compileCheck(NewApiKey);

export class ApiKeys {
  readonly #options: ApiKeysOptions;

  constructor(options: ApiKeysOptions) {
    this.#options = options;
  }

  async create(params: ActionParams<'keys.create'>): Promise<Outcome<CreatedApiKey>> {
    const { apiKeys, now, random } = this.#options;
    const { apiKey } = params;
    const owner = ownerOf(params, 'keys.create');
    if (!owner.ok) return owner;
    const checked = checkNew({ ...apiKey, name: apiKey.name.trim() });
    if (!checked.ok) return checked;
    const { name, scopes, endsAt = null } = checked.value as NewApiKey;
    if (scopes.includes(OPERATIONS_SCOPE) && !mayHaveOperations(params.caller, owner.value))
      return refusal('forbidden', 'scopes: metrics:read is for operators and auditors.');
    const createdAt = now();
    if (endsAt !== null && !(endsAt > createdAt && endsAt <= createdAt + API_KEY_AHEAD_MAX_MS))
      return refusal('invalid-request', 'endsAt: must be in the future, at most five years ahead.');
    const text = newKeyText(random);
    const stored: StoredApiKey = {
      id: makeId('ak', createdAt, random(ID_RANDOM_BYTES)),
      ownerId: owner.value,
      name,
      scopes,
      hash: keyHash(text),
      hint: keyHint(text),
      createdAt,
      lastUsedAt: null,
      endsAt,
    };
    if (await apiKeys.add(stored)) return success({ ...shown(stored), key: text });
    const detail = `At most ${API_KEYS_PER_OWNER_MAX} API keys: revoke one first.`;
    return refusal('too-many', detail);
  }

  async list(params: ActionParams<'keys.list'>): Promise<Outcome<readonly ApiKey[]>> {
    const owner = ownerOf(params, 'keys.list');
    if (!owner.ok) return owner;
    return success((await this.#options.apiKeys.list(owner.value)).map(shown));
  }

  async revoke(params: ActionParams<'keys.revoke'>): Promise<Outcome<null>> {
    const owner = ownerOf(params, 'keys.revoke');
    if (!owner.ok) return owner;
    const removed = await this.#options.apiKeys.remove(owner.value, params.keyId);
    return removed ? success(null) : refusal('not-found');
  }

  async revokeAll(params: ActionParams<'keys.revokeAll'>): Promise<Outcome<null>> {
    const owner = ownerOf(params, 'keys.revokeAll');
    if (!owner.ok) return owner;
    await this.#options.apiKeys.removeAll(owner.value);
    return success(null);
  }

  /** What the key with this hash means now, and notes that it is used. */
  async resolve({ hash }: ActionParams<'keys.resolve'>): Promise<Outcome<KeyIdentity>> {
    const { apiKeys, now } = this.#options;
    const key = await apiKeys.findByHash(hash);
    if (key === null) return refusal('not-found');
    const usedAt = now() - (now() % USE_STEP_MS);
    if ((key.lastUsedAt ?? 0) < usedAt) await apiKeys.markUsed(key.id, usedAt);
    const { id: keyId, ownerId, scopes, endsAt } = key;
    return success({ keyId, ownerId, scopes, endsAt });
  }
}

/** An organisation is no operator, whoever makes its keys. */
function mayHaveOperations(caller: Requester, ownerId: string): boolean {
  return caller.userId === ownerId && maySeeOperations(caller);
}

/** Whose keys are meant, where the caller may do this for them. */
function ownerOf(
  { caller, creatorId = caller.userId }: ActionParams<'keys.list'>,
  action: CreatorAction,
): Outcome<string> {
  if (mayAct(caller, creatorId, action)) return success(creatorId);
  return refusal(isMember(caller, creatorId) ? 'forbidden' : 'not-found');
}

function shown({ hash: _hash, ownerId: _ownerId, ...key }: StoredApiKey): ApiKey {
  return key;
}
