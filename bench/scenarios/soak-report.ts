// The figures of a soak's samples, and the findings from all samples.

import { slopeOf, slopesOf } from '../least-squares.ts';
import { median } from '../measure.ts';
import type { Figure, Finding, Sample } from '../scenario.ts';

/** A generation of drops is live for this number of samples. */
export const GENERATION_SAMPLES = 12;
const ORDER_BYTES_AIM = 300;
const GROWTH_BYTES_AIM = 10;
const RETURNED_AIM = 0.9;

export const SOAK_FIGURES: readonly Figure[] = [
  { key: 'minute', label: 'minute', unit: '', better: 'neither', digits: 1 },
  { key: 'rate', label: 'orders', unit: 'orders/s', better: 'more', digits: 0 },
  { key: 'ever', label: 'orders so far', unit: '', better: 'neither', digits: 0 },
  { key: 'kept', label: 'orders of drops in memory', unit: '', better: 'neither', digits: 0 },
  { key: 'drops', label: 'drops in memory', unit: '', better: 'neither', digits: 0 },
  { key: 'resident', label: 'resident', unit: 'MB', better: 'less', digits: 1 },
  { key: 'used', label: 'heap and buffers', unit: 'MB', better: 'less', digits: 1 },
  { key: 'heap', label: 'of it heap', unit: 'MB', better: 'less', digits: 1 },
  { key: 'loopP99', label: 'event loop p99', unit: 'ms', better: 'less', digits: 1 },
  { key: 'p99', label: 'order p99', unit: 'ms', better: 'less', digits: 1 },
  { key: 'refused', label: 'not ordered', unit: '', better: 'less', digits: 0 },
  { key: 'frames', label: 'live frames', unit: 'frames/s', better: 'neither', digits: 0 },
];
/** In bytes. */
export const MEGABYTE = 1e6;

/** One line about the progress. */
export function soakLine(figures: Readonly<Record<string, number>>): string {
  const shown = ['minute', 'rate', 'kept', 'drops', 'resident', 'used', 'loopP99', 'p99'];
  return SOAK_FIGURES.filter(({ key }) => shown.includes(key))
    .map(({ key, label, unit, digits }) =>
      `${label} ${figures[key]!.toFixed(digits)} ${unit}`.trim(),
    )
    .join(', ');
}

/** A sentence about the growth of resident memory. */
export function growthNote(samples: readonly Sample[]): string {
  const quarter = Math.max(1, samples.length >> 2);
  const middle = (of: readonly Sample[]) => median(of.map(({ figures }) => figures['resident']!));
  const [first, last] = [middle(samples.slice(0, quarter)), middle(samples.slice(-quarter))];
  const placed = samples.at(-1)!.figures['ever']! - samples[0]!.figures['ever']!;
  return (
    `Resident: ${first.toFixed(0)} MB in the first quarter of these samples, ${last.toFixed(0)} ` +
    `MB in the last, and ${Math.round(placed).toLocaleString('en')} orders between.`
  );
}

/** The slope of the least memory of each generation over the orders placed until then. */
function growthOf(samples: readonly Sample[], key: string): number {
  const floors: { at: number; value: number }[] = [];
  for (let from = 0; from < samples.length; from += GENERATION_SAMPLES) {
    const generation = samples.slice(from, from + GENERATION_SAMPLES).map(({ figures }) => figures);
    const least = generation.reduce((a, b) => (b[key]! < a[key]! ? b : a));
    floors.push({ at: least['ever']!, value: least[key]! * MEGABYTE });
  }
  return slopeOf(floors);
}

/** No findings if there are too few samples, or no drop has ended. */
export function soakFindings(samples: readonly Sample[]): Finding[] {
  const { first: orderBytes } = slopesOf(
    samples.map(({ figures }) => ({
      first: figures['kept']!,
      second: figures['ever']!,
      value: figures['used']! * MEGABYTE,
    })),
  );
  const growth = growthOf(samples, 'resident');
  if (Number.isNaN(orderBytes) || Number.isNaN(growth)) return [];
  return [
    {
      label: 'memory for each order of a drop in memory',
      unit: 'bytes',
      digits: 0,
      samples: [orderBytes],
      better: 'less',
      aim: ORDER_BYTES_AIM,
    },
    {
      label: 'growth of resident memory for each order ever placed',
      unit: 'bytes',
      digits: 1,
      samples: [growth],
      better: 'less',
      aim: GROWTH_BYTES_AIM,
    },
    {
      label: 'share of an order’s memory that comes back when its drop is over',
      unit: '',
      digits: 2,
      samples: [1 - growthOf(samples, 'used') / orderBytes],
      better: 'more',
      aim: RETURNED_AIM,
    },
  ];
}
