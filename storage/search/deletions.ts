// Symmetric deletions (SymSpell, Wolf Garbe 2012): two words are at most n edits apart only if they
// become the same by at most n deletions from each. So mistyped words are found by looking up a few
// hashes, however large the vocabulary. Only the beginnings of words are compared by it; whether
// the words themselves are near is then counted.

import { fnv1a } from '../../domain/ids.ts';
import { editsAllowed } from './edits.ts';

/** Hashes are below this: with the id of a word, one makes a number that is exact. */
export const DELETION_HASHES = 2 ** 24;
/** Of a word, how much is compared. It must be longer than the most edits. */
const BEGINNING_LENGTH = 6;
/** Words with deletions of their own: shorter ones have no typos, longer ones nobody types. */
const LENGTH_MIN = 3;
const LENGTH_MAX = 24;

/** What a vocabulary stores of a word, for queries of every length that may be near it. */
export function storedDeletions(word: string): number[] {
  if (word.length < LENGTH_MIN || word.length > LENGTH_MAX) return [];
  // Longer queries may be two edits away, and have two letters more.
  const edits = editsAllowed(word.padEnd(word.length + 2, 'x'));
  return deletionHashes(word, edits);
}

/** What is looked up of a word of a query that may be `edits` away. */
export function deletionHashes(word: string, edits: number): number[] {
  let left = new Set([word.slice(0, BEGINNING_LENGTH)]);
  const hashes = new Set<number>();
  for (let deleted = 0; ; deleted++) {
    for (const text of left) hashes.add(fnv1a(text) % DELETION_HASHES);
    if (deleted === edits) return [...hashes];
    const shorter = new Set<string>();
    for (const text of left) {
      for (let at = 0; at < text.length; at++) shorter.add(text.slice(0, at) + text.slice(at + 1));
    }
    left = shorter;
  }
}
