// One scenario on the page: the method, the charts, LiveDrops beside the other subjects, all
// figures as a table, and the notes.

import { latencyOf, numberText, type Range, rangeOf, samplesOf, spreadText } from '../range.ts';
import type { ScenarioRun } from '../result.ts';
import type { Figure, ScenarioReport, Subject } from '../scenario.ts';
import { headingOf } from '../table.ts';
import { barChart } from './bar-chart.ts';
import { sideOf, standingsOf } from './factors.ts';
import { type Html, html } from './html.ts';
import { latencyChart, percentileName } from './latency-chart.ts';

/** The most bar charts; all figures are in the table. */
const BAR_CHARTS_MAX = 6;

export function scenarioSection({ report, seconds, stolenShare }: ScenarioRun): Html {
  const { name, title, method, settings, notes } = report;
  const facts = [
    ...Object.entries(settings).map(([key, value]) => [key, String(value)] as const),
    ['took', `${numberText(seconds, 0)} s`] as const,
    ['stolen meanwhile', `${numberText(stolenShare * 100, 1)} %`] as const,
  ];
  return html`<section id="${name}" class="scenario">
<h2>${title} <code>${name}</code></h2>
<p class="method">${method}</p>
<dl class="settings">${facts.map(
    ([key, value]) => html`<div><dt>${key}</dt><dd>${value}</dd></div>`,
  )}</dl>
<div class="charts">${charts(report)}</div>
${standingsTable(report)}
${figuresTable(report)}
${latencyTable(report.subjects)}
${
  notes.length === 0
    ? null
    : html`<div class="notes"><h3>Notes</h3>
<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul></div>`
}
${subjectsList(report.subjects)}
</section>
`;
}

function charts(report: ScenarioReport): Html[] {
  const curves = report.subjects
    .map((subject) => ({ ...subject, points: latencyOf(subject) }))
    .filter(({ points }) => points.length > 1);
  const bars = barCharts(report, curves.length > 0);
  if (curves.length === 0) return bars;
  const drawing = latencyChart(`${report.name}-latency`, curves);
  const latency = figure('Latency by percentile, less is better', drawing, 'tall');
  return [...bars.slice(0, 1), latency, ...bars.slice(1)];
}

function figure(caption: string, drawing: Html, kind = ''): Html {
  return html`<figure class="${kind}"><figcaption>${caption}</figcaption>${drawing}</figure>`;
}

const BETTER = { more: ', more is better', less: ', less is better', neither: '' } as const;

/** In the report's order. Latencies get bars only if there are no latency curves. */
function barCharts(report: ScenarioReport, hasCurves: boolean): Html[] {
  const drawn = report.figures
    .filter(
      ({ better, unit }) => better !== 'neither' && unit !== '' && !(hasCurves && unit === 'ms'),
    )
    .map((shown) => ({ shown, bars: barsOf(report, shown) }));
  const several = drawn.filter(({ bars }) => bars.length > 1).slice(0, BAR_CHARTS_MAX);
  if (several.length === 0)
    return chartsOfOne(
      report,
      drawn.map(({ shown }) => shown),
    );
  return several.map(({ shown, bars }) => {
    const { better, digits, key, unit } = shown;
    const title = headingOf(shown);
    return figure(
      `${title}${BETTER[better]}`,
      barChart({ id: `${report.name}-${key}`, title, unit, digits, bars }),
    );
  });
}

/** With one subject, the bars are its figures of one unit. */
function chartsOfOne(report: ScenarioReport, figures: readonly Figure[]): Html[] {
  return [...Map.groupBy(figures, ({ unit }) => unit)].flatMap(([unit, alike], index) => {
    const bars = alike.flatMap((shown) =>
      barsOf(report, shown).map((bar) => ({ ...bar, label: shown.label })),
    );
    const { better, digits } = alike[0]!;
    const caption = `${report.subjects[0]?.label ?? ''}, ${unit}${BETTER[better]}`;
    const id = `${report.name}-${index}`;
    return bars.length === 0
      ? []
      : [figure(caption, barChart({ id, title: caption, unit, digits, bars }))];
  });
}

function barsOf({ subjects }: ScenarioReport, { key }: Figure) {
  return subjects.flatMap((subject) => {
    const range = rangeOf(samplesOf(subject, key));
    return range === null ? [] : [{ label: subject.label, role: subject.role, range }];
  });
}

function standingsTable(report: ScenarioReport): Html | null {
  const standings = standingsOf(report);
  if (standings.length === 0) return null;
  const figures = report.figures.filter(({ key }) =>
    standings.some(({ factors }) =>
      factors.some(({ figure: { key: compared } }) => compared === key),
    ),
  );
  const rows = standings.map(({ own, other, factors }) => ({
    name: other.label,
    about: `${roleText(other)}, beside ${own.label}`,
    cells: figures.map(({ key }) => {
      const factor = factors.find(({ figure: { key: compared } }) => compared === key);
      return factor === undefined ? html`–` : factorCell(factor.range, other);
    }),
  }));
  const columns = figures.map((shown) => headingOf(shown));
  return tableOf(
    'LiveDrops beside each other: how many times as good (level: ahead in some rounds only)',
    columns,
    rows,
  );
}

/** Only a better peer has the colour of a loss: a ceiling should be better. */
function factorCell(range: Range, { role }: Subject): Html {
  const side = sideOf(range);
  const colour = role === 'peer' ? side : '';
  return html`<b>${numberText(range.median, 2)} ×</b><small class="${colour}">${side}</small>`;
}

function figuresTable({ figures, subjects }: ScenarioReport): Html | null {
  const shown = figures.filter(({ key }) =>
    subjects.some((subject) => samplesOf(subject, key).length > 0),
  );
  if (shown.length === 0) return null;
  const rounds = Math.max(...subjects.map(({ samples }) => samples.length));
  const rows = subjects.map((subject) => ({
    name: subject.label,
    about: roleText(subject),
    cells: shown.map(({ key, digits }) => {
      const range = rangeOf(samplesOf(subject, key));
      const spread = html`<small>${spreadText(range, digits)}</small>`;
      return html`<b>${numberText(range?.median, digits)}</b>${spread}`;
    }),
  }));
  const caption =
    rounds > 1
      ? `All figures: medians of ${rounds} rounds, and their spread`
      : 'All figures, of one round';
  return tableOf(caption, shown.map(headingOf), rows);
}

function latencyTable(subjects: readonly Subject[]): Html | null {
  const curves = subjects.map((subject) => ({ subject, points: new Map(latencyOf(subject)) }));
  const percentiles = [...new Set(curves.flatMap(({ points }) => [...points.keys()]))].sort(
    (a, b) => a - b,
  );
  if (percentiles.length === 0) return null;
  const rows = curves
    .filter(({ points }) => points.size > 0)
    .map(({ subject, points }) => ({
      name: subject.label,
      about: roleText(subject),
      cells: percentiles.map((p) => html`${numberText(points.get(p), 2)}`),
    }));
  return tableOf(
    'Latency by percentile, ms: medians of the rounds',
    percentiles.map(percentileName),
    rows,
  );
}

interface TableRow {
  readonly name: string;
  readonly about: string;
  readonly cells: readonly Html[];
}

/** Transposed if that makes the table narrower. */
function tableOf(caption: string, columns: readonly string[], rows: readonly TableRow[]): Html {
  const heading = ({ name, about }: TableRow, scope: string, kind = '') => {
    const classAttribute = kind === '' ? null : html` class="${kind}"`;
    const small = about === '' ? null : html`<small>${about}</small>`;
    return html`<th scope="${scope}"${classAttribute}>${name}${small}</th>`;
  };
  const narrow = columns.length <= Math.max(rows.length, 7);
  const head = narrow
    ? columns.map((column) => html`<th scope="col" class="number">${column}</th>`)
    : rows.map((row) => heading(row, 'col', 'number'));
  const body = narrow
    ? rows.map((row) => html`<tr>${heading(row, 'row')}${row.cells.map(cell)}</tr>\n`)
    : columns.map(
        (column, at) => html`<tr><th scope="row">${column}</th>
${rows.map(({ cells }) => cell(cells[at]!))}</tr>\n`,
      );
  return html`<div class="wide"><table><caption>${caption}</caption>
<thead><tr><td></td>${head}</tr></thead>
<tbody>
${body}</tbody></table></div>`;
}

function cell(content: Html): Html {
  return html`<td class="number">${content}</td>`;
}

function roleText({ role }: Subject): string {
  return role === 'livedrops' ? '' : role;
}

function subjectsList(subjects: readonly Subject[]): Html {
  const labels = new Map(subjects.map(({ label, about, role }) => [about, { label, role }]));
  return html`<details open><summary>What was measured</summary><dl class="subjects">${[
    ...labels,
  ].map(
    ([about, { label, role }]) =>
      html`<div><dt class="${role}">${label}</dt><dd>${about}</dd></div>`,
  )}</dl></details>`;
}
