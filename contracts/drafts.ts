// Drafts: drops that only their creator sees. A draft is a row of the catalogue, changed freely,
// and becomes a drop under the same id when it is announced (D7).

import { Type } from 'typebox';
import { DropPatch, DropTerms, DropView, NewDrop } from './drops.ts';
import type { Plain } from './plain.ts';
import { KeyedRequest } from './requests.ts';
import { count, time } from './scalars.ts';
import { wire } from './wire.ts';

/** Drafts that a creator may have at once. */
export const DRAFTS_MAX = 100;

export const Draft = Type.Object({
  ...Type.Omit(DropTerms, ['paymentPaceMs']).properties,
  stock: count,
  /** Rises by one with each change; the drop goes on from it (H12). */
  revision: count,
  createdAt: time,
  /** Its drop is being made, so it cannot change. */
  announcing: Type.Boolean(),
  /** Of an announcement with a key: who finishes it keeps its answer (H11). */
  announcedBy: Type.Optional(KeyedRequest),
});
export type Draft = Plain<typeof Draft>;

/** A draft as clients see it: a drop that has sold nothing. */
export const DraftView = Type.Object({
  ...DropView.properties,
  status: Type.Literal('draft'),
});
export type DraftView = Plain<typeof DraftView>;

/** What of a draft changes, and of a drop not. */
const ONLY_OF_DRAFTS = ['currency', 'holdSeconds', 'payment'] as const;

/** A change of a drop or a draft. */
export const DropChange = Type.Object(
  {
    ...DropPatch.properties,
    ...Type.Partial(Type.Pick(NewDrop, [...ONLY_OF_DRAFTS])).properties,
  },
  { additionalProperties: false, minProperties: 1, title: 'DropPatch' },
);
export type DropChange = Plain<typeof DropChange>;

/** The first field of a change that only drafts have; null without one. */
export function fieldOfDrafts(change: DropChange): (typeof ONLY_OF_DRAFTS)[number] | null {
  return ONLY_OF_DRAFTS.find((field) => change[field] !== undefined) ?? null;
}

/** Which of a creator's drafts a list has. */
export interface DraftFilter {
  readonly creatorId: string;
  readonly productId?: string;
  readonly externalId?: string;
}

// On the wire

export const DropChangeBody = wire(DropChange);
