// The first section of the report page: the findings with their aims, and where LiveDrops misses an
// aim or loses to a peer.

import {
  aimText,
  numberText,
  rangeOf,
  spreadText,
  type Verdict,
  verdictOf,
  withUnit,
} from '../range.ts';
import type { BenchResult, ScenarioRun } from '../result.ts';
import type { Finding } from '../scenario.ts';
import { sideOf, standingsOf } from './factors.ts';
import { type Html, html } from './html.ts';
import { strip } from './strip.ts';

const MARKS: Readonly<Record<Verdict, Html>> = {
  met: html`<span class="mark met">✓ met</span>`,
  missed: html`<span class="mark missed">✗ missed</span>`,
  none: html`<span class="mark none">no aim</span>`,
  unmeasured: html`<span class="mark missed">✗ not measured</span>`,
};

export function findingsSection({ runs, failures }: BenchResult): Html {
  const all = runs.flatMap(({ report }) => report.findings);
  const amount = (...verdicts: Verdict[]): number =>
    all.filter((finding) => verdicts.includes(verdictOf(finding))).length;
  const [met, missed, none] = [amount('met'), amount('missed', 'unmeasured'), amount('none')];
  return html`<section id="findings">
<h2>Findings</h2>
<ul class="tally">
<li class="met"><b>${met}</b> ${met === 1 ? 'aim' : 'aims'} met</li>
<li class="missed"><b>${missed}</b> missed</li>
<li><b>${none}</b> without an aim</li>
${failures.length === 0 ? null : failedCount(failures.length)}
</ul>
${failures.length === 0 ? null : failuresBox(failures)}
<table class="findings">
<thead><tr>
<th scope="col">Finding</th>
<th scope="col" class="number">Median</th>
<th scope="col">Spread of the rounds</th>
<th scope="col">Aim</th>
<th scope="col">Verdict</th>
</tr></thead>
${runs.map(({ report }) =>
  report.findings.length === 0
    ? null
    : html`<tbody><tr class="group"><th colspan="5" scope="rowgroup">
<a href="#${report.name}">${report.title}</a> <code>${report.name}</code></th></tr>
${report.findings.map(findingRow)}</tbody>`,
)}
</table>
${shortfalls(runs)}
</section>`;
}

function failedCount(count: number): Html {
  const noun = count === 1 ? 'scenario' : 'scenarios';
  return html`<li class="missed"><b>${count}</b> ${noun} failed</li>`;
}

function failuresBox(failures: BenchResult['failures']): Html {
  return html`<div class="box missed"><h3>Scenarios that failed</h3><ul>${failures.map(
    ({ scenario, error }) => html`<li><code>${scenario}</code>: ${error}</li>`,
  )}</ul></div>`;
}

function findingRow(finding: Finding): Html {
  const { digits, label, samples, unit } = finding;
  const range = rangeOf(samples);
  return html`<tr><th scope="row">${label}</th>
<td class="number"><b>${withUnit(numberText(range?.median, digits), unit)}</b></td>
<td class="spread">${strip(finding)}<span>${spreadText(range, digits)}</span></td>
<td>${aimText(finding)}</td>
<td>${MARKS[verdictOf(finding)]}</td></tr>
`;
}

/** Missed aims, and every figure in which a peer is better beyond the noise. A ceiling may be. */
function shortfalls(runs: readonly ScenarioRun[]): Html {
  const lines = runs.flatMap(({ report }) => {
    const name = html`<a href="#${report.name}">${report.title}</a>`;
    const missed = report.findings
      .filter((finding) => ['missed', 'unmeasured'].includes(verdictOf(finding)))
      .map((finding) => html`<li>${name}: ${missedText(finding)}</li>`);
    const behind = standingsOf(report).flatMap(({ other, own, factors }) =>
      factors
        .filter(({ range }) => other.role === 'peer' && sideOf(range) === 'behind')
        .map(
          ({ figure, range }) =>
            html`<li>${name}: ${other.label} is ${numberText(1 / range.median, 2)} times as good as
${own.label} (${figure.label}).</li>`,
        ),
    );
    return [...missed, ...behind];
  });
  return html`<div class="box"><h3>Where LiveDrops falls short</h3>${
    lines.length === 0
      ? html`<p>Every aim was met, and no peer was ahead in any figure beyond the noise.</p>`
      : html`<ul>${lines}</ul>`
  }</div>`;
}

function missedText(finding: Finding): string {
  const { digits, label, samples, unit } = finding;
  const median = withUnit(numberText(rangeOf(samples)?.median, digits), unit);
  const measured = median === '-' ? 'not measured' : median;
  return `${label}: ${measured}; the aim is ${aimText(finding)}.`;
}
