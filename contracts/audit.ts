// The audit log (X5): every change that operators and creators make, with who made it, from where,
// and what was there before. Placed orders are not in it, since the journals have them. Values are
// plain: personal data and secrets never get in, and a long text is its digest.

import { Type } from 'typebox';
import { list, paging } from './paging.ts';
import type { Plain } from './plain.ts';
import { STRICT, textOrNull, time, userId } from './scalars.ts';
import { wire, wireTime } from './wire.ts';

/**
 * `user`: by an access token. `api-key`: by a key of the user or organisation. `operator`: who
 * signed in as one. `command-line`: by a token that was made with the server's secret. `system`:
 * the server by itself; its id is `system`, too.
 */
export const ACTOR_KINDS = ['user', 'api-key', 'operator', 'command-line', 'system'] as const;
export type ActorKind = (typeof ACTOR_KINDS)[number];

/**
 * `planned`: recorded just before it was made; a later entry tells where that failed. `done`:
 * recorded after it. `failed`: done in part or not at all. `unknown`: the node ended in between.
 */
export const AUDIT_OUTCOMES = ['planned', 'done', 'refused', 'failed', 'unknown'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

const plainValue = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);

export const AuditChange = Type.Object(
  {
    field: Type.String(),
    before: plainValue,
    after: plainValue,
  },
  { title: 'AuditChange' },
);
export type AuditChange = Plain<typeof AuditChange>;

export const AuditEntry = Type.Object(
  {
    sequence: Type.Integer({ minimum: 1, description: 'rises by one with each entry' }),
    at: time,
    actor: Type.Object({
      kind: Type.Enum([...ACTOR_KINDS], { type: 'string' }),
      id: Type.String({
        description: 'a user id; of an API key its owner; of the server itself “system”',
      }),
      keyId: textOrNull,
    }),
    action: Type.String({ description: 'such as drops.cancel, pin or drain' }),
    target: Type.Union([Type.Object({ type: Type.String(), id: Type.String() }), Type.Null()]),
    creatorId: Type.Union([Type.String(), Type.Null()], {
      description: 'the account or organisation whose matter it is; null: the cluster’s',
    }),
    params: Type.Record(Type.String(), plainValue, { description: 'what was asked' }),
    changes: Type.Array(AuditChange, { description: 'the fields that changed' }),
    outcome: Type.Enum([...AUDIT_OUTCOMES], { type: 'string' }),
    result: Type.String({ description: 'one sentence' }),
    address: Type.Union([Type.String(), Type.Null()], {
      description: 'the client’s, as limits count it: of IPv6 the /64',
    }),
    requestId: textOrNull,
  },
  { title: 'AuditEntry' },
);
export type AuditEntry = Plain<typeof AuditEntry>;
export type NewAuditEntry = Omit<AuditEntry, 'sequence'>;

/** All that are given must match. Times are in milliseconds since the Unix epoch. */
export interface AuditFilter {
  readonly creatorId?: string;
  /** The id of a user or of an API key; `system`. */
  readonly actor?: string;
  readonly action?: string;
  /** The id of what was changed. */
  readonly target?: string;
  readonly from?: number;
  /** Exclusive. */
  readonly to?: number;
}

/**
 * From where a change is asked for: who, by what credentials, from which address and by which
 * request. It goes with a call beside its parameters, since no use case decides by it.
 */
export interface Origin {
  readonly kind: ActorKind;
  /** Empty where nobody signed in. */
  readonly userId: string;
  /** Of the API key; null without one. */
  readonly keyId: string | null;
  /** As limits count it. */
  readonly address: string;
  readonly requestId: string;
}

// On the wire

/** Names of actions and ids of any kind. */
const word = Type.Optional(Type.String({ minLength: 1, maxLength: 200 }));
const FILTERS = {
  actor: word,
  action: word,
  target: word,
  from: Type.Optional(wireTime),
  to: Type.Optional(wireTime),
};
export const AuditQuery = Type.Object({ ...FILTERS, ...paging }, STRICT);
export const CreatorAuditQuery = Type.Object(
  { ...FILTERS, creator_id: Type.Optional(userId), ...paging },
  STRICT,
);
export const AuditPage = list(wire(AuditEntry), 'AuditPage');
