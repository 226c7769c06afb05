// What a process says about itself (X4).

import { Type } from 'typebox';
import type { Plain } from './plain.ts';

export const Health = Type.Object({ status: Type.String() }, { title: 'Health' });

export const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    /** Why not, one short sentence each. Only for operators, and on the machine itself. */
    reasons: Type.Optional(Type.Array(Type.String())),
    /**
     * How far the search index of this process is behind, for which it is ready all the same; null
     * while the index is being opened. Absent where it has none.
     */
    search: Type.Optional(
      Type.Union([
        Type.Object({ isBuilding: Type.Boolean(), lagMs: Type.Integer({ minimum: 0 }) }),
        Type.Null(),
      ]),
    ),
  },
  { title: 'Readiness' },
);
export type Readiness = Plain<typeof Readiness>;
