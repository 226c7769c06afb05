// Makes one HTML page from a result: no scripts, no external style sheets or pictures. The result's
// JSON is the only input, so that anyone can make the page again from any result.

import { numberText } from '../range.ts';
import type { BenchResult } from '../result.ts';
import { findingsSection } from './findings.ts';
import { Html, html } from './html.ts';
import { scenarioSection } from './scenario-section.ts';
import { STYLE } from './style.ts';

export function reportPage(result: BenchResult): string {
  const { runs, startedAt } = result;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>LiveDrops bench, ${startedAt.slice(0, 10)}, ${shortCommit(result)}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
${head(result)}
${findingsSection(result)}
${runs.length < 2 ? null : contents(result)}
${runs.map(scenarioSection)}
</main>
</body>
</html>
`;
  return page.text;
}

function shortCommit({ commit }: BenchResult): string {
  return commit?.slice(0, 7) ?? 'unknown commit';
}

const GIBIBYTE = 2 ** 30;

function head(result: BenchResult): Html {
  const { changedFiles, finishedAt, machine, noise, startedAt } = result;
  const minutes = (Date.parse(finishedAt) - Date.parse(startedAt)) / 60_000;
  const percent = (share: number) => `${numberText(share * 100, 1)} %`;
  const changed = changedFiles.length === 0 ? '' : `, ${changedFiles.length} files changed since`;
  const facts: [string, string][] = [
    ['Commit', `${shortCommit(result)}${changed}`],
    [
      'Measured',
      `${startedAt.slice(0, 16).replace('T', ' ')} UTC, for ${numberText(minutes, 1)} min`,
    ],
    ['Processor', `${machine.cpuModel}, ${machine.cores} cores`],
    ['Memory', `${numberText(machine.memoryBytes / GIBIBYTE, 1)} GiB`],
    [
      'Machine',
      machine.virtualisation === null ? 'not virtual' : `virtual: ${machine.virtualisation}`,
    ],
    ['System', `${machine.kernel}, Node ${machine.nodeVersion}`],
    ['Stolen by the hypervisor', `${percent(noise.stolenShare)} of the time`],
    ['Busy with others before', percent(noise.busyShareBefore)],
    [
      `8 KiB synced to ${machine.fileSystem}`,
      `${numberText(noise.diskSyncMsBefore, 2)} ms before, ` +
        `${numberText(noise.diskSyncMsAfter, 2)} ms after`,
    ],
  ];
  return html`<header>
<h1>LiveDrops, measured</h1>
<p class="lead">Limited-stock drops, every order on disk before its answer; beside what people would
use instead, and beside what the machine itself can do.</p>
<dl class="facts">${facts.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>
${warnings(result)}
<div class="columns">
<div><h3>Do it again</h3><pre>${reproduction(result)}</pre></div>
<div><h3>How to read it</h3><ul>
<li>Everybody is measured in turns, round by round, so that a slow minute of the machine is
everybody's. Bars and figures are <b>medians of the rounds</b>; whiskers and small print go from the
least to the greatest round.</li>
<li>A <b>peer</b> does the same work, as durably. A <b>ceiling</b> does nothing but answer: it shows
what the machine allows, and nobody is meant to beat it.</li>
<li><b>CPU time</b> is the kernel's, of all processes and threads of a server: the fairest figure
where the load and the server share a machine.</li>
</ul></div>
</div>
</header>`;
}

function reproduction({ commit, command }: BenchResult): string {
  return commit === null ? command : `git checkout ${commit}\n${command}`;
}

const STOLEN_SHARE_MAX = 0.02;
const BUSY_SHARE_MAX = 0.1;
/** File systems in memory: synced data is not durable. */
const MEMORY_FILE_SYSTEMS: readonly string[] = ['tmpfs', 'ramfs'];

/** Facts that make the figures less reliable. */
function warnings({ changedFiles, machine, noise }: BenchResult): Html | null {
  const texts: Html[] = [];
  if (changedFiles.length > 0)
    texts.push(
      html`These are not quite the figures of the commit:
${changedFiles.join(', ')} differed from it.`,
    );
  if (noise.stolenShare > STOLEN_SHARE_MAX)
    texts.push(
      html`The hypervisor gave ${numberText(noise.stolenShare * 100, 1)} % of the time to others.`,
    );
  if (noise.busyShareBefore > BUSY_SHARE_MAX)
    texts.push(
      html`Something else ran on the machine:
${numberText(noise.busyShareBefore * 100, 0)} % busy before the start.`,
    );
  if (MEMORY_FILE_SYSTEMS.includes(machine.fileSystem))
    texts.push(
      html`The servers wrote to ${machine.fileSystem}, which is memory: durability cost nothing.`,
    );
  if (texts.length === 0) return null;
  const items = texts.map((text) => html`<li>${text}</li>`);
  return html`<div class="box missed"><h3>Warnings</h3><ul>${items}</ul></div>`;
}

function contents({ runs }: BenchResult): Html {
  return html`<nav aria-label="Scenarios"><ul>${runs.map(
    ({ report }) => html`<li><a href="#${report.name}">${report.title}</a></li>`,
  )}</ul></nav>`;
}
