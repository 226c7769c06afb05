// Operators as accounts (X3a): who is one, and what makes one. The secrets of the second factor are
// in one answer only: that to whoever added the operator.

import { Type } from 'typebox';
import { EMAIL_LENGTH_MAX } from './bounds.ts';
import { list } from './paging.ts';
import { EMAIL } from './patterns.ts';
import type { Plain } from './plain.ts';
import { count, STRICT, textOrNull, time, userId } from './scalars.ts';
import { wire } from './wire.ts';

const role = Type.Enum(['operator', 'auditor'], {
  type: 'string',
  description: 'an auditor sees what operators see, and changes nothing',
});

export const NewOperator = Type.Object(
  { email: Type.String({ maxLength: EMAIL_LENGTH_MAX, pattern: EMAIL }), role },
  { ...STRICT, title: 'NewOperator' },
);
export type NewOperator = Plain<typeof NewOperator>;

export const AddedOperator = Type.Object(
  {
    userId,
    email: Type.String(),
    role,
    password: Type.Union(textOrNull.anyOf, {
      description: 'of the new account; null where there was one, which keeps its own',
    }),
    secondFactorUri: Type.String({
      description: 'otpauth://, for an authenticator app; shown this once',
    }),
    recoveryCodes: Type.Array(Type.String(), { description: 'each is good once' }),
  },
  { title: 'AddedOperator' },
);
export type AddedOperator = Plain<typeof AddedOperator>;

export const OperatorRow = Type.Object(
  {
    userId,
    email: Type.String(),
    role,
    addedAt: time,
    /** The user id in the token of the operator who added this one. */
    addedBy: Type.String(),
    recoveryCodesLeft: count,
  },
  { title: 'Operator' },
);
export type OperatorRow = Plain<typeof OperatorRow>;

export const OperatorList = list(wire(OperatorRow), 'OperatorList');
