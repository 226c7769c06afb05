import test from 'ava';
import { sideOf, standingsOf } from '../../bench/report/factors.ts';
import { Html, html } from '../../bench/report/html.ts';
import { reportPage } from '../../bench/report/page.ts';
import { parseResult } from '../../bench/result.ts';
import { type Figure, type Role, type ScenarioReport } from '../../bench/scenario.ts';
import { madeUpResult, madeUpSubject } from './made-up-result.ts';

const page = reportPage(madeUpResult());

test('everything is escaped unless it is HTML', (t) => {
  const text = '<b title="x">&</b>';
  t.is(html`<p>${text}</p>`.text, '<p>&lt;b title=&quot;x&quot;&gt;&amp;&lt;/b&gt;</p>');
  t.is(html`${[new Html('<i>'), 1, null, 'a<b']}`.text, '<i>1a&lt;b');
});

test('the page has every scenario, subject, finding, figure and note', (t) => {
  for (const { report } of madeUpResult().runs) {
    t.true(page.includes(`<section id="${report.name}"`), report.name);
    const texts = [
      report.title,
      ...report.subjects.flatMap(({ label, about }) => [label, about]),
      ...report.findings.map(({ label }) => label),
      ...report.notes,
    ];
    for (const text of texts) t.true(page.includes(html`${text}`.text), text);
    for (const { label } of report.figures) t.true(page.includes(label), label);
  }
  t.true(page.includes('nats-server is not installed &lt;here&gt;'));
});

test('no measured text becomes markup, in charts neither', (t) => {
  t.false(page.includes('<script'));
  t.false(page.includes('<local>'));
  t.true(page.includes('workerd &lt;local&gt;'));
});

test('the page refers to nothing outside itself', (t) => {
  t.notRegex(page, /<(?:link|img|iframe|object|script)\b|@import|url\((?!#)/);
  t.deepEqual(page.match(/(?:src|href)="(?!#)[^"]*"/g), null);
});

test('ids that charts refer to exist and are unique', (t) => {
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  t.is(new Set(ids).size, ids.length);
  const referred = [...page.matchAll(/url\(#([^)]*)\)|href="#([^"]*)"/g)];
  t.true(referred.length > 0);
  for (const [, inStyle, inLink] of referred) t.true(ids.includes(inStyle ?? inLink), inStyle);
});

test('a chart has its figures in a label for screen readers', (t) => {
  const labels = [...page.matchAll(/<svg role="img" aria-label="([^"]*)"/g)].map(
    ([, text]) => text!,
  );
  const figures = page.match(/<figure/g)!;
  t.is(labels.length, figures.length);
  t.true(labels.some((text) => /Bars of orders\/s\. LiveDrops [\d,]+ orders\/s; bare/.test(text)));
  t.true(labels.some((text) => /Latency by percentile\. LiveDrops: p50 [\d.]+ ms, p75/.test(text)));
});

test('a missed aim is marked as missed, and listed again where LiveDrops falls short', (t) => {
  t.regex(page, /rate, of the ceiling<\/th>(?:(?!<\/tr>)[\s\S])*✗ missed/);
  t.regex(
    page,
    /falls short<\/h3>(?:(?!<\/div>)[\s\S])*of the ceiling: 0\.5\d; the aim is at least 0\.60/,
  );
  t.regex(page, /falls short<\/h3>(?:(?!<\/div>)[\s\S])*50,000, p99: not measured/);
});

test('one result always gives the same page, read from a file too', (t) => {
  t.is(reportPage(parseResult(JSON.stringify(madeUpResult()), 'a file')), page);
});

test('the page warns of a changed tree, of noise, and of a disk in memory', (t) => {
  t.false(page.includes('<h3>Warnings</h3>'));
  const made = madeUpResult();
  const weak = reportPage({
    ...made,
    changedFiles: ['domain/decide.ts'],
    machine: { ...made.machine, fileSystem: 'tmpfs' },
    noise: { ...made.noise, stolenShare: 0.3, busyShareBefore: 0.9 },
  });
  const [, warnings] = /<h3>Warnings<\/h3><ul>(.*?)<\/ul>/s.exec(weak)!;
  t.regex(warnings!, /domain\/decide\.ts/);
  t.regex(warnings!, /30\.0 % of the time/);
  t.regex(warnings!, /90 % busy/);
  t.regex(warnings!, /durability cost nothing/);
});

test('a result without figures or without scenarios still gives a page', (t) => {
  const made = madeUpResult();
  const [run] = made.runs;
  const empty = { ...run!.report, subjects: [], findings: [], notes: [] };
  t.notThrows(() => reportPage({ ...made, runs: [{ ...run!, report: empty }] }));
  t.notThrows(() => reportPage({ ...made, runs: [], failures: [] }));
});

const FIGURES: readonly Figure[] = [
  { key: 'rate', label: 'rate', unit: 'orders/s', better: 'more', digits: 0 },
  { key: 'cost', label: 'cost', unit: 'µs', better: 'less', digits: 0 },
];

function reportOf(
  ...subjects: readonly [key: string, role: Role, rate: number, cost: number][]
): ScenarioReport {
  return {
    ...madeUpResult().runs[0]!.report,
    figures: FIGURES,
    subjects: subjects.map(([key, role, rate, cost]) =>
      madeUpSubject({ key, label: key, role, about: '', figures: { rate, cost } }, 1),
    ),
  };
}

test('factors are above 1 if LiveDrops is better, for either direction', (t) => {
  const report = reportOf(['livedrops', 'livedrops', 0, 0], ['redis', 'peer', 0, 0]);
  const [own, peer] = report.subjects.map((subject, at) => ({
    ...subject,
    samples: [{ figures: at === 0 ? { rate: 300, cost: 10 } : { rate: 100, cost: 40 } }],
  }));
  const [standing] = standingsOf({ ...report, subjects: [own!, peer!] });
  t.deepEqual(
    standing!.factors.map(({ range }) => range.median),
    [3, 4],
  );
  t.deepEqual(
    [
      [0.5, 0.9],
      [0.9, 1.2],
      [1.1, 2],
    ].map(([min, max]) => sideOf({ min: min!, max: max!, median: 1, samples: 2 })),
    ['behind', 'level', 'ahead'],
  );
});

test('subjects are compared with LiveDrops under the same conditions', (t) => {
  const report = reportOf(
    ['livedrops', 'livedrops', 1, 1],
    ['livedrops-512', 'livedrops', 1, 1],
    ['raw', 'ceiling', 1, 1],
    ['raw-512', 'ceiling', 1, 1],
    ['fastify-redis', 'peer', 1, 1],
  );
  t.deepEqual(
    standingsOf(report).map(({ own, other }) => [other.key, own.key]),
    [
      ['raw', 'livedrops'],
      ['raw-512', 'livedrops-512'],
      ['fastify-redis', 'livedrops'],
    ],
  );
});
