// The subjects and findings of the scenario `neighbours`, from its samples.

import { median } from '../measure.ts';
import type { Measured, Neighbour } from '../neighbours/neighbour.ts';
import { besideFindings, besideNote, type OrdersBeside } from '../orders-beside.ts';
import type { Figure, Finding, Subject } from '../scenario.ts';

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
  return [
    ...besideFindings(label, ordersOf(rounds)),
    ...own.map(({ key, label: what, unit, digits, aim }) => ({
      label: `${what}, beside ${label}`,
      unit,
      digits,
      samples: rounds.measured.map(({ beside }) => beside.figures[key]!),
      better: 'less' as const,
      aim,
    })),
  ];
}

/** Null where the aim for the neighbour is met, or nothing explains that it is not. */
export function controlNote(rounds: Rounds): string | null {
  return besideNote(rounds.neighbour.label, ordersOf(rounds));
}

function ordersOf({ measured }: Rounds): OrdersBeside {
  return {
    alone: measured.map(({ without }) => without),
    control: measured.map(({ control }) => control),
    beside: measured.map(({ beside }) => beside),
  };
}

/** What the neighbour did in the middle round. */
export function workNote({ neighbour, measured }: Rounds): string {
  const worked = measured.map((round) => round.worked);
  return `${neighbour.label}: ${Number(median(worked).toFixed(2))} ${neighbour.work}.`;
}
