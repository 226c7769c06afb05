// API keys: with them a creator's own systems call, each key for some uses only (A5). A key acts
// for its owner, never with a role, and never as a buyer.

import { Type } from 'typebox';
import { API_KEY_NAME_LENGTH_MAX } from './bounds.ts';
import { Scope, SCOPES } from './creator-actions.ts';
import { list } from './paging.ts';
import { LINE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { id, STRICT, time, userId } from './scalars.ts';
import { wire } from './wire.ts';

/** Before the random part of every key, so that scanners of source code find keys. */
export const API_KEY_PREFIX = 'ld_key_';

const name = Type.String({ minLength: 1, maxLength: API_KEY_NAME_LENGTH_MAX, pattern: LINE });
const scopes = Type.Array(Scope, { minItems: 1, maxItems: SCOPES.length, uniqueItems: true });

export const NewApiKey = Type.Object(
  {
    name,
    scopes,
    /** Absent: it has no end. */
    endsAt: Type.Optional(time),
  },
  { ...STRICT, title: 'NewApiKey' },
);
export type NewApiKey = Plain<typeof NewApiKey>;

const timeOrNull = Type.Union([time, Type.Null()]);

export const ApiKey = Type.Object(
  {
    id,
    name: Type.String(),
    scopes: Type.Array(Scope),
    /** Its last characters, so that people know it again. */
    hint: Type.String(),
    createdAt: time,
    /** To the hour; null: not used yet. */
    lastUsedAt: timeOrNull,
    endsAt: timeOrNull,
  },
  { title: 'ApiKey' },
);
export type ApiKey = Plain<typeof ApiKey>;

export const CreatedApiKey = Type.Object(
  { ...ApiKey.properties, key: Type.String({ description: 'shown this once' }) },
  { title: 'CreatedApiKey' },
);
export type CreatedApiKey = Plain<typeof CreatedApiKey>;

/** What a key means, as gateways remember it for a moment. */
export const KeyIdentity = Type.Object({
  keyId: id,
  ownerId: userId,
  scopes: Type.Array(Scope),
  /** Null: it has no end. */
  endsAt: timeOrNull,
});
export type KeyIdentity = Plain<typeof KeyIdentity>;

// On the wire

export const NewApiKeyBody = wire(NewApiKey);
export const ApiKeyBody = wire(ApiKey);
export const ApiKeyPage = list(ApiKeyBody, 'ApiKeyPage');
export const CreatedApiKeyBody = wire(CreatedApiKey);
