// Compares LiveDrops with each other subject: the quotient of the figures of each round, and the
// median of the rounds.

import { type Range, rangeOf } from '../range.ts';
import type { Figure, ScenarioReport, Subject } from '../scenario.ts';

export interface Factor {
  readonly figure: Figure;
  /** Above 1: LiveDrops is better, whether more or less is better for the figure. */
  readonly range: Range;
}

/** `level`: better in some rounds, worse in others. */
export function sideOf({ min, max }: Range): 'ahead' | 'behind' | 'level' {
  if (min > 1) return 'ahead';
  return max < 1 ? 'behind' : 'level';
}

export interface Standing {
  readonly own: Subject;
  readonly other: Subject;
  readonly factors: readonly Factor[];
}

export function standingsOf({ figures, subjects }: ScenarioReport): Standing[] {
  const judged = figures.filter(({ better, unit }) => better !== 'neither' && unit !== '');
  return subjects.flatMap((other) => {
    const own = other.role === 'livedrops' ? undefined : counterpart(other, subjects);
    if (own === undefined) return [];
    const factors = judged.flatMap((figure) => {
      const range = rangeOf(factorsOf(figure, own, other));
      return range === null ? [] : [{ figure, range }];
    });
    return factors.length === 0 ? [] : [{ own, other, factors }];
  });
}

/**
 * The LiveDrops subject with the same conditions. Keys of one condition have the same suffix, such
 * as `livedrops-512` and `raw-512`; the longest common suffix counts. Without a suffix: the first
 * LiveDrops subject without one.
 */
function counterpart(other: Subject, subjects: readonly Subject[]): Subject | undefined {
  const own = subjects.filter(({ role }) => role === 'livedrops');
  const endingOf = ({ key }: Subject): string =>
    key.includes('-') ? key.slice(key.indexOf('-')) : '';
  const alike = own
    .filter((subject) => endingOf(subject) !== '' && other.key.endsWith(endingOf(subject)))
    .sort((a, b) => endingOf(b).length - endingOf(a).length);
  return alike[0] ?? own.find((subject) => endingOf(subject) === '') ?? own[0];
}

function factorsOf({ key, better }: Figure, own: Subject, other: Subject): number[] {
  return own.samples.flatMap(({ figures }, round) => {
    const [mine, theirs] = [figures[key], other.samples[round]?.figures[key]];
    if (mine === undefined || theirs === undefined) return [];
    const factor = better === 'more' ? mine / theirs : theirs / mine;
    return Number.isFinite(factor) ? [factor] : [];
  });
}
