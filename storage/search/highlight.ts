// Marks what matches in a text. The result is the text in pieces rather than text with markup, so
// nothing in it can be taken for markup, and no client has to count characters.

import {
  DESCRIPTION_SEARCHED_MAX,
  type SearchDocument,
  type SearchHit,
  SNIPPET_LENGTH_MAX,
  type TextPart,
} from '../ports/search-index.ts';
import { type FieldWords, fieldWords, matchTerm, matchWord, TYPO } from './match.ts';
import type { QueryTerm } from './query-terms.ts';

/** Characters of a snippet before its first match. */
const LEAD_LENGTH = 40;
const ELLIPSIS = '…';
const HALF_OF_PAIR = /^[\udc00-\udfff]/;

export function hitOf(
  stored: SearchDocument,
  terms: readonly QueryTerm[],
): Omit<SearchHit, 'explanation'> {
  const { description, ...document } = stored;
  return {
    document,
    name: highlighted(document.name, terms),
    creatorName: highlighted(document.creatorName, terms),
    description: snippet(description.slice(0, DESCRIPTION_SEARCHED_MAX), terms),
  };
}

export function highlighted(text: string, terms: readonly QueryTerm[]): TextPart[] {
  return cut(text, placesIn(fieldWords(text), terms), 0, text.length);
}

function snippet(text: string, terms: readonly QueryTerm[]): TextPart[] {
  const places = placesIn(fieldWords(text), terms);
  const first = places[0]?.[0] ?? 0;
  let from = first <= LEAD_LENGTH ? 0 : text.lastIndexOf(' ', first - LEAD_LENGTH) + 1;
  // Where no space is near, as in Chinese.
  if (first - from > 2 * LEAD_LENGTH) from = first - LEAD_LENGTH;
  if (HALF_OF_PAIR.test(text.slice(from))) from -= 1;
  let to = from + SNIPPET_LENGTH_MAX;
  if (to >= text.length) to = text.length;
  else if (HALF_OF_PAIR.test(text.slice(to))) to -= 1;
  const parts = cut(text, places, from, to);
  if (from > 0) parts.unshift({ text: ELLIPSIS, match: false });
  if (to < text.length) parts.push({ text: ELLIPSIS, match: false });
  return parts;
}

/** What matches, in the order of the text, without overlaps. */
function placesIn(field: FieldWords, terms: readonly QueryTerm[]): [number, number][] {
  const places: [number, number][] = [];
  for (const term of terms) {
    const best = matchTerm(term, field, TYPO);
    if (best === null) continue;
    for (let at = 0; at < best.places.length; at += 2)
      places.push([best.places[at]!, best.places[at + 1]!]);
    // Wherever else it matches as well as there.
    for (const word of field.words) {
      const match = matchWord(term, word, best.grade);
      if (match !== null) places.push([match.places[0]!, match.places[1]!]);
    }
  }
  places.sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [start, end] of places) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/** The pieces of the text from `from` to `to`. */
function cut(
  text: string,
  places: readonly (readonly [number, number])[],
  from: number,
  to: number,
): TextPart[] {
  const parts: TextPart[] = [];
  let at = from;
  const add = (end: number, match: boolean) => {
    if (end > at) parts.push({ text: text.slice(at, end), match });
    at = Math.max(at, end);
  };
  for (const [start, end] of places) {
    if (start >= to) break;
    add(Math.min(start, to), false);
    add(Math.min(end, to), true);
  }
  add(to, false);
  return parts;
}
