// How LiveDrops stands beside each of the others, as factors: figures of the same round divided,
// and the median of the rounds.

import { type Range, rangeOf } from '../range.ts';
import type { Figure, ScenarioReport, Subject } from '../scenario.ts';

export interface Factor {
  readonly figure: Figure;
  /** Over 1: LiveDrops is ahead, whichever way the figure is better. */
  readonly range: Range;
}

/** `level`: in some rounds ahead, in others behind. */
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
 * The LiveDrops measured under the same conditions: keys of one condition end alike, `livedrops-512`
 * and `raw-512`. The longest such ending counts; without one it is the first that has none itself.
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
