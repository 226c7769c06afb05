// Requests that may be repeated (H11): whoever sends a request with an Idempotency-Key gets the
// first answer to it again, instead of a second effect.

import { Type } from 'typebox';
import { IDEMPOTENCY_KEY_LENGTH_MAX } from './bounds.ts';
import type { Plain } from './plain.ts';
import { VISIBLE } from './patterns.ts';
import { userId } from './scalars.ts';

export const IdempotencyKey = Type.String({
  minLength: 1,
  maxLength: IDEMPOTENCY_KEY_LENGTH_MAX,
  pattern: VISIBLE,
});

/** A request that carries a key. The key itself goes no further than the gateway. */
export const KeyedRequest = Type.Object({
  /** A digest of caller, route and key. */
  id: Type.String(),
  /** A digest of what was asked: the same request has the same one. */
  fingerprint: Type.String(),
  callerId: userId,
});
export type KeyedRequest = Plain<typeof KeyedRequest>;

// On the wire

export const RepeatHeaders = Type.Object({
  'Idempotency-Key': Type.Optional({
    ...IdempotencyKey,
    description:
      'With the same key the same request is answered as the first time, and done once, ' +
      'for 24 hours. The answer then has Idempotency-Replayed: true.',
  }),
});
