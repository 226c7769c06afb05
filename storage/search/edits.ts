// Edits between words: an insertion, a deletion, a substitution, or two neighbours that changed
// places (optimal string alignment).

/** Edits that a word may be away from what was typed. */
export function editsAllowed(word: string): 0 | 1 | 2 {
  if (word.length < 4) return 0;
  return word.length < 8 ? 1 : 2;
}

/** The distance; `max + 1` where it is above `max`. Works on UTF-16 units. */
export function editDistance(a: string, b: string, max: number): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > max) return max + 1;
  if (lettersOnlyIn(a, b) > max || lettersOnlyIn(b, a) > max) return max + 1;
  let before: number[] = [];
  let above: number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column++) {
      const isSame = a.charCodeAt(row - 1) === b.charCodeAt(column - 1);
      let edits = Math.min(
        above[column]! + 1,
        current[column - 1]! + 1,
        above[column - 1]! + (isSame ? 0 : 1),
      );
      const isSwapped =
        row > 1 &&
        column > 1 &&
        a.charCodeAt(row - 1) === b.charCodeAt(column - 2) &&
        a.charCodeAt(row - 2) === b.charCodeAt(column - 1);
      if (isSwapped) edits = Math.min(edits, before[column - 2]! + 1);
      current.push(edits);
      least = Math.min(least, edits);
    }
    if (least > max) return max + 1;
    before = above;
    above = current;
  }
  return Math.min(above[b.length]!, max + 1);
}

/**
 * How many different letters are in `a` and not in `b`, at least: each edit takes one of them away
 * at most. Most words are told apart by it, at a tenth of the cost.
 */
function lettersOnlyIn(a: string, b: string): number {
  let rest = lettersOf(a) & ~lettersOf(b);
  let count = 0;
  for (; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** A bit for each letter, of which some share one. */
function lettersOf(word: string): number {
  let letters = 0;
  for (let at = 0; at < word.length; at++) letters |= 1 << (word.charCodeAt(at) & 31);
  return letters;
}
