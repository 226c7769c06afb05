// Passes: what a buyer shows to order of a drop that asks for one, or before its start (D9).

import { Type } from 'typebox';
import { PASS_LENGTH_MAX } from './bounds.ts';
import type { Plain } from './plain.ts';
import { count, time } from './scalars.ts';

/** A pass as a person or a program has it; letters may be small, and hyphens may be left out. */
export const passText = Type.String({
  minLength: 1,
  maxLength: PASS_LENGTH_MAX,
  description: 'a pass of the drop, as its creator gave it out',
  examples: ['0A7KQ-F2M9X-R4TD8-WPN3V-HB6YC'],
});

/** A pass that was proved to be of the drop and for the buyer, as the drop's actor gets it. */
export const ProvedPass = Type.Object({
  /** Says what it is good for: see `domain/pass.ts`. */
  number: count,
  /** It is good from then on: milliseconds since the Unix epoch; 0: from the drop's beginning. */
  from: time,
});
export type ProvedPass = Plain<typeof ProvedPass>;
