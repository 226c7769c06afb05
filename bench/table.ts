// A scenario's report as text: subjects in rows, figures in columns, medians above and the spread of the rounds beneath.

import { table } from '../operator/table.ts';
import {
  aimText,
  numberText,
  type Range,
  rangeOf,
  samplesOf,
  spreadText,
  verdictOf,
  withUnit,
} from './range.ts';
import type { Figure, Finding, ScenarioReport, Subject } from './scenario.ts';

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

/** `server CPU, µs`, `orders/s`: what stands above a column of figures. */
export function headingOf({ label, unit }: Pick<Figure, 'label' | 'unit'>): string {
  if (unit.startsWith(label)) return unit;
  return unit === '' || label.includes(unit) ? label : `${label}, ${unit}`;
}

function figuresText({ figures, subjects }: ScenarioReport, rounds: number): string {
  const shown = figures.filter(({ key }) =>
    subjects.some((subject) => samplesOf(subject, key).length > 0),
  );
  if (shown.length === 0) return '';
  const headings = shown.map(headingOf);
  const first = rounds > 1 ? `medians of ${rounds} rounds` : 'one round';
  const rows = subjects.flatMap((subject) => subjectRows(subject, shown));
  return table([first, ...headings], rows, headings);
}

function subjectRows(subject: Subject, figures: readonly Figure[]): string[][] {
  const ranges = figures.map(({ key }) => rangeOf(samplesOf(subject, key)));
  const cells = (text: (range: Range | null, digits: number) => string) =>
    ranges.map((range, column) => text(range, figures[column]!.digits));
  const medians = [subject.label, ...cells((range, digits) => numberText(range?.median, digits))];
  const spreads = cells(spreadText);
  return spreads.some((text) => text !== '') ? [medians, ['', ...spreads]] : [medians];
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
