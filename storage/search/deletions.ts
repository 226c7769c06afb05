// Symmetric deletions (SymSpell, Wolf Garbe 2012): two words are at most n edits apart only if they
// become the same by at most n deletions from each. So mistyped words are found by looking up a few
// hashes, however large the vocabulary. Only the beginnings of words are compared by it; whether
// the words themselves are near is then counted.

import { editsAllowed } from './edits.ts';

/** Hashes are below this: with the id of a word, one makes a number that is exact. */
export const DELETION_HASHES = 2 ** 24;
/** Of a word, how much is compared. It must be longer than the most edits. */
const BEGINNING_LENGTH = 6;
/** Words with deletions of their own: shorter ones have no typos, longer ones nobody types. */
const LENGTH_MIN = 3;
const LENGTH_MAX = 24;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** What a vocabulary stores of a word, for queries of every length that may be near it. */
export function storedDeletions(word: string): number[] {
  if (word.length < LENGTH_MIN || word.length > LENGTH_MAX) return [];
  // Longer queries may be two edits away, and have two letters more.
  const edits = editsAllowed(word.padEnd(word.length + 2, 'x'));
  return deletionHashes(word, edits);
}

/**
 * What is looked up of a word of a query that may be `edits` away, at most two: those of the fewest
 * deletions first.
 */
export function deletionHashes(word: string, edits: number): number[] {
  const length = Math.min(word.length, BEGINNING_LENGTH);
  const hashes: number[] = [];
  addHash(hashes, word, length, -1, -1);
  if (edits > 0) for (let one = 0; one < length; one++) addHash(hashes, word, length, one, -1);
  if (edits > 1) {
    for (let one = 0; one < length; one++)
      for (let other = one + 1; other < length; other++) addHash(hashes, word, length, one, other);
  }
  return hashes;
}

/** FNV-1a of the word's beginning without two of its letters; where it is not among them yet. */
function addHash(hashes: number[], word: string, length: number, one: number, other: number): void {
  let hash = FNV_OFFSET;
  for (let at = 0; at < length; at++) {
    if (at !== one && at !== other) hash = Math.imul(hash ^ word.charCodeAt(at), FNV_PRIME);
  }
  const kept = (hash >>> 0) % DELETION_HASHES;
  if (!hashes.includes(kept)) hashes.push(kept);
}
