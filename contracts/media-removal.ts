// What an operator says when a picture or a film is removed that must not stay (M1).

import { Type } from 'typebox';
import { SELLER_REASON_LENGTH_MAX } from './bounds.ts';
import { LINE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { STRICT } from './scalars.ts';

export const MediaRemoval = Type.Object(
  {
    reason: Type.Optional(
      Type.String({
        maxLength: SELLER_REASON_LENGTH_MAX,
        pattern: LINE,
        description: 'why, for the list of operators’ actions',
      }),
    ),
  },
  STRICT,
);
export type MediaRemoval = Plain<typeof MediaRemoval>;
