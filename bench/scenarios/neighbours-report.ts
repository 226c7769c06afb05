// The subjects and findings of the scenario `neighbours`, from its samples.

import { median } from '../measure.ts';
import type { Measured, Neighbour } from '../neighbours/neighbour.ts';
import { type Figure, type Finding, ratio, type Subject } from '../scenario.ts';

/** p99 within a tenth of what it is without the neighbour. */
const P99_RATIO_AIM = 0.9;

const ORDER_FIGURES: readonly Figure[] = [
  { key: 'perSecond', label: 'orders', unit: 'orders/s', better: 'neither', digits: 0 },
  { key: 'p50Ms', label: 'p50', unit: 'ms', better: 'less', digits: 2 },
  { key: 'p99Ms', label: 'p99', unit: 'ms', better: 'less', digits: 2 },
  { key: 'maxMs', label: 'longest', unit: 'ms', better: 'less', digits: 1 },
  { key: 'notPlaced', label: 'not placed', unit: '', better: 'less', digits: 0 },
  { key: 'serverPercent', label: 'server of its core', unit: '%', better: 'neither', digits: 0 },
  { key: 'grownMb', label: 'memory grown', unit: 'MB', better: 'less', digits: 1 },
  { key: 'turnMs', label: 'CPU time of a turn, p99', unit: 'ms', better: 'less', digits: 2 },
  { key: 'turnMaxMs', label: 'of the longest turn', unit: 'ms', better: 'less', digits: 1 },
];

/** All rounds of one neighbour. */
export interface Rounds {
  readonly neighbour: Neighbour;
  readonly measured: readonly Measured[];
}

/** In the order in which the neighbours came first. */
export function byNeighbour(all: readonly Measured[]): Rounds[] {
  const rounds = Map.groupBy(all, ({ neighbour }) => neighbour.key);
  return [...rounds.values()].map((measured) => ({ neighbour: measured[0]!.neighbour, measured }));
}

export function figuresOf(all: readonly Rounds[]): Figure[] {
  const figures = new Map(ORDER_FIGURES.map((figure) => [figure.key, figure]));
  for (const { neighbour } of all)
    for (const { aim: _, ...figure } of neighbour.own)
      if (!figures.has(figure.key)) figures.set(figure.key, figure);
  return [...figures.values()];
}

export function subjectsOf({ neighbour, measured }: Rounds): [without: Subject, beside: Subject] {
  const { key, label, about } = neighbour;
  const role = 'livedrops';
  const without: Subject = {
    key: `without-${key}`,
    label: `without ${label}`,
    role,
    about: 'The same, without it.',
    samples: measured.map((round) => round.without),
  };
  const beside: Subject = {
    key: `beside-${key}`,
    label: `beside ${label}`,
    role,
    about,
    samples: measured.map((round) => round.beside),
  };
  return [without, beside];
}

export function findingsOf(rounds: Rounds): Finding[] {
  const { label, own } = rounds.neighbour;
  const [without, beside] = subjectsOf(rounds);
  const p99 = ratio({
    label: `p99 of orders, without to beside ${label}`,
    of: beside,
    to: without,
    figure: 'p99Ms',
    aim: P99_RATIO_AIM,
    inverse: true,
  });
  return [
    p99,
    controlFinding(rounds),
    ...own.map(({ key, label: what, unit, digits, aim }) => ({
      label: `${what}, beside ${label}`,
      unit,
      digits,
      samples: beside.samples.map(({ figures }) => figures[key]!),
      better: 'less' as const,
      aim,
    })),
  ];
}

/** What the aim for the neighbour can be compared with: two measurements without it. */
function controlFinding({ neighbour, measured }: Rounds): Finding {
  return {
    label: `p99 of orders, the lower to the higher of two without ${neighbour.label}`,
    unit: '',
    digits: 2,
    samples: measured.map(({ control, without }) => {
      const [one, other] = [control.figures['p99Ms']!, without.figures['p99Ms']!];
      return Math.min(one, other) / Math.max(one, other);
    }),
    better: 'more',
    aim: null,
  };
}

/**
 * Null where the aim for the neighbour is met, or where the machine would let one be told from
 * another.
 */
export function controlNote(rounds: Rounds): string | null {
  const [p99, control] = findingsOf(rounds).map(({ samples }) => median(samples));
  if (p99! >= P99_RATIO_AIM || control! >= P99_RATIO_AIM) return null;
  return (
    `${rounds.neighbour.label}: the aim for p99 is missed, but so it is between two equal ` +
    `measurements without it (${control!.toFixed(2)}).`
  );
}

/** What the neighbour did in the middle round. */
export function workNote({ neighbour, measured }: Rounds): string {
  const worked = measured.map((round) => round.worked);
  return `${neighbour.label}: ${Number(median(worked).toFixed(2))} ${neighbour.work}.`;
}
