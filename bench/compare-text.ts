// Formats a comparison as text. Each line has a word for its difference: better, worse, or noise.

import { table } from '../operator/table.ts';
import type { Change, Comparison, Row, ScenarioComparison, Side } from './compare.ts';
import { headingOf } from './table.ts';
import { numberText, type Range, spreadText } from './range.ts';

const WORDS: Readonly<Record<Change, string>> = {
  better: 'better',
  worse: 'WORSE',
  changed: 'changed',
  same: 'within the noise',
  unknown: 'one round: no spread to judge by',
};

export function comparisonText({ before, after, warnings, scenarios }: Comparison): string {
  const parts = [
    `before  ${sideText(before)}\nafter   ${sideText(after)}`,
    warnings.map((warning) => `! ${warning}`).join('\n'),
    ...scenarios.map(scenarioText),
    summary(scenarios.flatMap(({ rows }) => rows)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function sideText({ commit, changedFiles, startedAt }: Side): string {
  const dirty = changedFiles > 0 ? `, ${changedFiles} files changed since` : '';
  return `${commit?.slice(0, 7) ?? 'unknown commit'}, ${startedAt}${dirty}`;
}

function scenarioText({ name, warnings, rows }: ScenarioComparison): string {
  const headings = ['', 'figure', 'before', 'after', 'change', ''];
  const body = table(headings, rows.flatMap(rowLines), ['before', 'after', 'change']);
  return [name, ...warnings.map((warning) => `! ${warning}`), body.trimEnd()].join('\n');
}

function rowLines({
  subject,
  label,
  unit,
  digits,
  before,
  after,
  percent,
  change,
}: Row): string[][] {
  const middle = ({ median }: Range) => numberText(median, digits);
  const moved = percent === null ? '' : `${percent >= 0 ? '+' : ''}${percent.toFixed(1)} %`;
  const lines = [
    [
      subject ?? 'finding',
      headingOf({ label, unit }),
      middle(before),
      middle(after),
      moved,
      WORDS[change],
    ],
  ];
  const spreads = [spreadText(before, digits), spreadText(after, digits)];
  if (spreads.some((text) => text !== '')) lines.push(['', '', ...spreads, '', '']);
  return lines;
}

function summary(rows: readonly Row[]): string {
  const amount = (change: Change) => rows.filter((row) => row.change === change).length;
  const parts = (['better', 'worse', 'changed', 'same', 'unknown'] as const)
    .filter((change) => amount(change) > 0)
    .map((change) => `${amount(change)} ${WORDS[change].toLowerCase()}`);
  return parts.length === 0
    ? 'Nothing to compare.'
    : `${rows.length} figures: ${parts.join(', ')}.`;
}
