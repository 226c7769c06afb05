// Decides which settled generations are merged. At most `GENERATIONS_MAX` remain, however many were
// settled, so a read of one user's rows has a bounded number of look-ups.
//
// After n generations, the sizes of the merged ones are the terms of n in the combinatorial number
// system of degree k = `GENERATIONS_MAX`: the greatest binomial(a, k) up to n, then the greatest
// binomial(b, k - 1) up to the rest, and so on. A row is then rewritten at most d times, where d is
// the least number with binomial(d + k, k) > n: once up to 8 generations after the first merge,
// 5 or 6 times at 1,526 generations (100 million rows). No rule with k parts rewrites less:
// C. Mathieu, R. Rajaraman, N. Young, A. Yousefi, "Competitive Data-Structure Dynamization" (2021).
// With more generations each boundary either stays or vanishes, so a plan may skip steps: after a
// long storm only the last plan counts.

/** Settled generations that remain when nothing is left to merge. */
export const GENERATIONS_MAX = 8;
/**
 * Generations in one merge: bounds its memory. More of them wait in a data directory of a release
 * that did not merge.
 */
const SOURCES_MAX = 64;

/** The generations `first` to `last`, merged. */
export interface GenerationSpan {
  readonly first: number;
  readonly last: number;
}

/**
 * The sources of the next merge: neighbours among the present generations, which come oldest first
 * and follow each other from 1 up without gaps. Null if nothing is left to merge.
 */
export function nextMerge<Span extends GenerationSpan>(present: readonly Span[]): Span[] | null {
  let first = 1;
  for (const size of mergedSizes(present.at(-1)?.last ?? 0)) {
    const end = first + size;
    const sources = present.filter((span) => span.first >= first && span.last < end);
    if (sources.length > 1) return smallestSources(sources);
    first = end;
  }
  return null;
}

/** The sizes of the merged generations, oldest first, when `count` generations were settled. */
export function mergedSizes(count: number): number[] {
  const sizes: number[] = [];
  let rest = count;
  for (let degree = GENERATIONS_MAX; degree > 0 && rest > 0; degree--) {
    let size = 0;
    let top = degree;
    for (let next = 1; next <= rest; top++, next = binomial(top, degree)) size = next;
    if (size > 0) sizes.push(size);
    rest -= size;
  }
  return sizes;
}

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return result;
}

/** The neighbours with the fewest generations, so that none is merged again and again. */
function smallestSources<Span extends GenerationSpan>(sources: readonly Span[]): Span[] {
  if (sources.length <= SOURCES_MAX) return [...sources];
  let best = sources.slice(0, SOURCES_MAX);
  for (let i = 1; i + SOURCES_MAX <= sources.length; i++) {
    const candidate = sources.slice(i, i + SOURCES_MAX);
    if (lengthOf(candidate) < lengthOf(best)) best = candidate;
  }
  return best;
}

function lengthOf(sources: readonly GenerationSpan[]): number {
  return sources.at(-1)!.last - sources[0]!.first;
}
