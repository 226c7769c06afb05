// The keys of pushes (VAPID) as operators see them: never their private half.

import { Type } from 'typebox';
import { list } from './paging.ts';
import { ID } from './patterns.ts';
import type { Plain } from './plain.ts';
import { STRICT, time } from './scalars.ts';
import { wire } from './wire.ts';

const keyId = Type.String({ pattern: ID });

export const PushKeyRow = Type.Object(
  {
    keyId,
    publicKey: Type.String({ description: 'a point of P-256, base64url (RFC 8292)' }),
    createdAt: time,
    isPresent: Type.Boolean({
      description: 'browsers subscribe with it; the others serve those that subscribed before',
    }),
  },
  { title: 'OperatorPushKey' },
);
export type PushKeyRow = Plain<typeof PushKeyRow>;

export const PushKeyRotation = Type.Object(
  {
    after: Type.String({
      pattern: ID,
      description: 'the present key, after which a new one is made; the same again makes no other',
    }),
  },
  { ...STRICT, title: 'PushKeyRotation' },
);
export type PushKeyRotation = Plain<typeof PushKeyRotation>;

export const PushKeyList = list(wire(PushKeyRow), 'OperatorPushKeyList');
