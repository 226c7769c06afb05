// The sample shop that a server without drops offers to who is on its own machine.

import { Type } from 'typebox';
import type { Plain } from './plain.ts';
import { dropId, STRICT } from './scalars.ts';

export const SampleShopOffer = Type.Object(
  {
    isOffered: Type.Boolean({
      description: 'a node alone in development, without a drop, asked from its own machine',
    }),
  },
  { title: 'SampleShopOffer' },
);

/** Nothing can be chosen. */
export const NewSampleShop = Type.Object({}, { ...STRICT, title: 'NewSampleShop' });

export const SampleShop = Type.Object(
  {
    dropId: { ...dropId, description: 'one that is live' },
    email: Type.String({ description: 'of one of its creators' }),
    password: Type.String(),
  },
  { title: 'SampleShop' },
);
export type SampleShop = Plain<typeof SampleShop>;
