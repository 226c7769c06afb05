// What a process says about itself (X4).

import { Type } from 'typebox';
import type { Plain } from './plain.ts';

export const Health = Type.Object({ status: Type.String() }, { title: 'Health' });

export const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    /** Why not, one short sentence each. */
    reasons: Type.Array(Type.String()),
  },
  { title: 'Readiness' },
);
export type Readiness = Plain<typeof Readiness>;
