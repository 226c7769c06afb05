// Search (Q1 to Q5): what can be asked of the index of products, drops and creators.

import { Type } from 'typebox';
import type { Plain } from './plain.ts';

export const SearchType = Type.Union([
  Type.Literal('product'),
  Type.Literal('drop'),
  Type.Literal('creator'),
]);
export type SearchType = Plain<typeof SearchType>;

/**
 * `relevance`: the best first. `newest`: created last first. `starting`: the earliest start first.
 * `price`: the lowest first.
 */
export const SearchSort = Type.Union([
  Type.Literal('relevance'),
  Type.Literal('newest'),
  Type.Literal('starting'),
  Type.Literal('price'),
]);
export type SearchSort = Plain<typeof SearchSort>;
