// Formats a scenario's report as text: a row for each subject, a column for each figure, the median
// with the spread of the rounds below it.

import { table } from '../operator/table.ts';
import {
  aimText,
  numberText,
  rangeOf,
  samplesOf,
  spreadText,
  verdictOf,
  withUnit,
} from './range.ts';
import type { Figure, Finding, ScenarioReport, Subject } from './scenario.ts';

/** The width of a usual terminal. A wider table is transposed if that makes it narrower. */
const WIDTH_MAX = 120;

export function reportText(report: ScenarioReport): string {
  const rounds = Math.max(0, ...report.subjects.map(({ samples }) => samples.length));
  const title = `${report.name}: ${report.title}`;
  const settings = Object.entries(report.settings).map(([name, value]) => `${name} ${value}`);
  const parts = [
    `${title}\n${'='.repeat(title.length)}\n${settings.join(', ')}`.trimEnd(),
    figuresText(report, rounds),
    findingsText(report.findings),
    report.notes.map((note) => `- ${note}`).join('\n'),
  ];
  return `${parts
    .map((part) => part.trimEnd())
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

/** The heading of a column of figures, such as `server CPU, µs` or `orders/s`. */
export function headingOf({ label, unit }: Pick<Figure, 'label' | 'unit'>): string {
  if (unit.startsWith(label)) return unit;
  return unit === '' || label.includes(unit) ? label : `${label}, ${unit}`;
}

function figuresText({ figures, subjects }: ScenarioReport, rounds: number): string {
  const shown = figures.filter(({ key }) =>
    subjects.some((subject) => samplesOf(subject, key).length > 0),
  );
  if (shown.length === 0) return '';
  const first = rounds > 1 ? `medians of ${rounds} rounds` : 'one round';
  const cells = subjects.map((subject) => shown.map((figure) => cellOf(subject, figure)));
  const headings = shown.map(headingOf);
  const names = subjects.map(({ label }) => label);
  const upright = grid(first, headings, names, cells);
  if (widthOf(upright) <= WIDTH_MAX) return upright;
  const turned = shown.map((_, column) => cells.map((row) => row[column]!));
  const onItsSide = grid(first, names, headings, turned);
  return widthOf(onItsSide) < widthOf(upright) ? onItsSide : upright;
}

/** The median and the spread below it. */
type Cell = readonly [median: string, spread: string];

function cellOf(subject: Subject, { key, digits }: Figure): Cell {
  const range = rangeOf(samplesOf(subject, key));
  return [numberText(range?.median, digits), spreadText(range, digits)];
}

function grid(
  first: string,
  headings: readonly string[],
  names: readonly string[],
  cells: readonly (readonly Cell[])[],
): string {
  const rows = names.flatMap((name, at) => {
    const medians = [name, ...cells[at]!.map(([median]) => median)];
    const spreads = ['', ...cells[at]!.map(([, spread]) => spread)];
    return spreads.some((text) => text !== '') ? [medians, spreads] : [medians];
  });
  return table([first, ...headings], rows, headings);
}

function widthOf(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}

const VERDICTS = { met: 'met', missed: 'MISSED', none: '', unmeasured: 'NOT MEASURED' } as const;

function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return '';
  const rows = findings.map((finding) => {
    const { digits, label, samples, unit } = finding;
    const range = rangeOf(samples);
    return [
      label,
      withUnit(numberText(range?.median, digits), unit),
      spreadText(range, digits),
      aimText(finding),
      VERDICTS[verdictOf(finding)],
    ];
  });
  return table(['finding', 'measured', 'spread', 'aim', ''], rows, ['measured']);
}
