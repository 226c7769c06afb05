// Orders at fixed times beside something else, and what their 99th percentile is compared with: the
// same without it, twice, since what the two differ by is the machine's own; and, where it is
// measured, the durable floor beside the same, which shows what disk and cores leave to anybody.

import { median } from './measure.ts';
import type { Finding, Sample } from './scenario.ts';

/** Within a tenth of what it is without. */
const P99_RATIO_AIM = 0.9;

/** One sample a round of each. */
export interface OrdersBeside {
  /** What the orders are beside. */
  readonly label: string;
  readonly without: readonly Sample[];
  /** The same as `without`, at another time of the round. */
  readonly control: readonly Sample[];
  readonly beside: readonly Sample[];
  readonly floor?: { readonly without: readonly Sample[]; readonly beside: readonly Sample[] };
}

export function besideFindings({ label, without, control, beside, floor }: OrdersBeside) {
  const findings: Finding[] = [
    finding(`p99 of orders, without to beside ${label}`, ratios(without, beside), P99_RATIO_AIM),
    finding(
      `p99 of orders, the lower to the higher of two without ${label}`,
      ratios(without, control).map((ratio) => Math.min(ratio, 1 / ratio)),
    ),
  ];
  if (floor !== undefined) {
    const floors = ratios(floor.without, floor.beside);
    findings.push(finding(`p99 of the durable floor, without to beside ${label}`, floors));
  }
  return findings;
}

/**
 * Null where the aim is met; null too where the machine would let one be told from another, and the
 * floor keeps what LiveDrops does not.
 */
export function besideNote(measured: OrdersBeside): string | null {
  const [beside, control, floor] = besideFindings(measured).map(({ samples }) => median(samples));
  if (beside! >= P99_RATIO_AIM) return null;
  const missed = `${measured.label}: the aim for p99 is missed, but so it is`;
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
