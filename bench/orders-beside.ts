// Orders at fixed times beside something else, and what their 99th percentile is compared with: the
// same without it, twice, since what the two differ by is the machine's own; and, where it is
// measured, the durable floor beside the same, which shows what disk and cores leave to anybody.

import { median } from './measure.ts';
import type { Finding, Sample, Subject } from './scenario.ts';

/** Within a tenth of what it is without. */
const P99_RATIO_AIM = 0.9;

/** One sample a round of each. */
export interface OrdersBeside {
  readonly alone: readonly Sample[];
  /** The same as `alone`, at another time of the round. */
  readonly control: readonly Sample[];
  readonly beside: readonly Sample[];
}

/** With the durable floor at the same rate, alone and beside the same. */
export interface OrdersAndFloor extends OrdersBeside {
  readonly floor: readonly Sample[];
  readonly floorBeside: readonly Sample[];
}

/** `label`: what the orders are beside. */
export function besideFindings(
  label: string,
  { alone, control, beside, ...floors }: OrdersBeside | OrdersAndFloor,
): Finding[] {
  const findings: Finding[] = [
    finding(`p99 of orders, without to beside ${label}`, ratios(alone, beside), P99_RATIO_AIM),
    finding(
      `p99 of orders, the lower to the higher of two without ${label}`,
      ratios(alone, control).map((ratio) => Math.min(ratio, 1 / ratio)),
    ),
  ];
  if ('floor' in floors) {
    const ofFloor = ratios(floors.floor, floors.floorBeside);
    findings.push(finding(`p99 of the durable floor, without to beside ${label}`, ofFloor));
  }
  return findings;
}

/** `about`: what the neighbour does beside the orders, and beside those of the floor. */
export function besideSubjects(
  label: string,
  samples: OrdersAndFloor,
  about: Readonly<Record<'beside' | 'floorBeside', string>>,
): Subject[] {
  return [
    {
      key: 'orders',
      label: 'orders alone',
      role: 'livedrops',
      about: 'The whole server on its core, orders of one drop at a fixed rate.',
      samples: samples.alone,
    },
    {
      key: 'orders-again',
      label: 'orders alone, again',
      role: 'livedrops',
      about: 'The same at another time of the round: what differs is the machine.',
      samples: samples.control,
    },
    {
      key: 'orders-beside',
      label: `orders beside ${label}`,
      role: 'livedrops',
      about: about.beside,
      samples: samples.beside,
    },
    {
      key: 'floor',
      label: 'durable floor alone',
      role: 'ceiling',
      about: 'A bare server that answers an order once it is on the disk, at the same rate.',
      samples: samples.floor,
    },
    {
      key: 'floor-beside',
      label: `durable floor beside ${label}`,
      role: 'ceiling',
      about: about.floorBeside,
      samples: samples.floorBeside,
    },
  ];
}

/** What misses the aim as well, where it is missed; null where it is met, or nothing else does. */
export function besideNote(label: string, measured: OrdersBeside | OrdersAndFloor): string | null {
  const findings = besideFindings(label, measured);
  const [beside, control, floor] = findings.map(({ samples }) => median(samples));
  if (beside! >= P99_RATIO_AIM) return null;
  const missed = `${label}: the aim for p99 is missed, but so it is`;
  if (floor !== undefined && floor < P99_RATIO_AIM)
    return `${missed} by the durable floor (${floor.toFixed(2)}).`;
  if (control! < P99_RATIO_AIM)
    return `${missed} between two equal measurements without it (${control!.toFixed(2)}).`;
  return null;
}

function ratios(one: readonly Sample[], other: readonly Sample[]): number[] {
  return one.map(({ figures }, round) => figures['p99Ms']! / other[round]!.figures['p99Ms']!);
}

function finding(label: string, samples: readonly number[], aim: number | null = null): Finding {
  return { label, unit: '', digits: 2, samples, better: 'more', aim };
}
