// Finds the name that a mistyped one most likely stands for.

/** With more edits than this a name is no useful hint. */
const EDITS_MAX = 3;

/** The candidate with the fewest edits to `name`, the first of equals. Null where none is near. */
export function closestName(name: string, candidates: readonly string[]): string | null {
  let closest: string | null = null;
  let fewest = EDITS_MAX + 1;
  for (const candidate of candidates) {
    const edits = editDistance(name, candidate);
    if (edits < fewest) {
      fewest = edits;
      closest = candidate;
    }
  }
  return closest;
}

/** Levenshtein distance, one row at a time (Wagner and Fischer, 1974). */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = previous[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[to.length]!;
}
