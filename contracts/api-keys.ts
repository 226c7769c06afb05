// API keys: with them a creator's own systems call, each key for some uses only (A5). A key acts
// for its owner, never with a role, and never as a buyer.

import { Type } from 'typebox';
import { API_KEY_NAME_LENGTH_MAX } from './bounds.ts';
import { list } from './paging.ts';
import { LINE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { id, STRICT, time, userId } from './scalars.ts';
import { wire } from './wire.ts';

/** Before the random part of every key, so that scanners of source code find keys. */
export const API_KEY_PREFIX = 'ld_key_';

export const SCOPES = [
  'catalogue:write',
  'orders:read',
  'orders:refund',
  'changes:read',
  'tokens:exchange',
  'contacts:write',
] as const;
export const Scope = Type.Enum([...SCOPES]);
export type Scope = (typeof SCOPES)[number];

/**
 * What a key may do, by use case, and the scope that it needs for it. This is the one place for
 * both: whatever is not listed is refused to every key, through any interface.
 */
export const SCOPE_OF = {
  'products.add': 'catalogue:write',
  'products.change': 'catalogue:write',
  'drops.create': 'catalogue:write',
  'drops.amend': 'catalogue:write',
  'drops.cancel': 'catalogue:write',
  'drops.pause': 'catalogue:write',
  'drops.resume': 'catalogue:write',
  'drafts.read': 'catalogue:write',
  'drafts.announce': 'catalogue:write',
  'drafts.remove': 'catalogue:write',
  'orders.ofDrop': 'orders:read',
  'orders.export': 'orders:read',
  'jobs.exportOrders': 'orders:read',
  'exports.read': 'orders:read',
  'orders.payments': 'orders:read',
  'details.get': 'orders:read',
  'orders.refund': 'orders:refund',
  'jobs.refundOrders': 'orders:refund',
  'jobs.get': 'orders:refund',
  'changes.read': 'changes:read',
  'shops.exchangeToken': 'tokens:exchange',
  'shops.putContact': 'contacts:write',
  'shops.contact': 'contacts:write',
  'shops.contacts': 'contacts:write',
  'shops.eraseContact': 'contacts:write',
} as const satisfies Readonly<Record<string, Scope>>;
export type KeyUse = keyof typeof SCOPE_OF;

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
