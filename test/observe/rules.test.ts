// The rules of Prometheus are made from their source, every alarm has a section to read, and
// promtool shows when each fires: not before its time, not at its limit, and not for want of a
// series.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Alarm } from '../../deploy/observe/alarm.ts';
import { ALARM_GROUPS, type AlarmName } from '../../deploy/observe/alarms.ts';
import { anchorOf } from '../../deploy/observe/rules.ts';
import { observeFiles } from '../../scripts/observe-files.ts';
import { type AlarmCase, type InputSeries, valuesOf } from './alarm-case.ts';
import { ALARM_CASES } from './alarm-cases.ts';
import { checkFile, promtoolInstalled, type RuleTest, testRules } from './promtool.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const RULES = 'deploy/observe/rules.yml';
const RUNBOOKS = 'docs/OPERATIONS.md';
/** What a section of an alarm tells. */
const PARTS = ['**It means:**', '**To see:**', '**To do:**'];

const promtoolTest = promtoolInstalled ? test : test.skip;
const alarms = Object.values(ALARM_GROUPS).flatMap((group) =>
  Object.entries(group as Readonly<Record<string, Alarm>>),
) as [AlarmName, Alarm][];
const rules = read(RULES);

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

test('L5a: rules.yml is what its source makes', (t) => {
  t.is(rules, observeFiles().get(RULES) ?? '', 'npm run observe');
});

test('L5a: every alarm has a section: what it means, how to see it, what to do', (t) => {
  const sections = new Map(
    read(RUNBOOKS)
      .split(/^#+ /m)
      .map((section) => [section.split('\n', 1)[0] ?? '', section] as const),
  );
  for (const [name, { runbook, summary }] of alarms) {
    const section = sections.get(runbook) ?? '';
    t.true(section.includes(`\`${name}\``), `${runbook} does not name ${name}`);
    for (const part of PARTS) t.true(section.includes(part), `${runbook}: ${part}`);
    t.regex(summary, /\.$/);
    t.true(rules.includes(`runbook_url: ${RUNBOOKS}#${anchorOf(runbook)}`), name);
  }
});

test('L5a: no section names an alarm that does not exist', (t) => {
  const names = new Set<string>(alarms.map(([name]) => name));
  for (const [, name = ''] of read(RUNBOOKS).matchAll(/`(LiveDrops[A-Z]\w+)`/g))
    t.true(names.has(name), name);
});

promtoolTest('L5a: promtool takes the rules', async (t) => {
  t.is(await checkFile('rules', join(ROOT, RULES)), '');
});

promtoolTest('L5a: every alarm fires, and not before its time', async (t) => {
  t.is(await testRules(rules, alarms.flatMap(firing)), '');
});

promtoolTest('L5a: every alarm is silent at its limit', async (t) => {
  const tests = alarms.flatMap(([name]) =>
    Object.entries(ALARM_CASES[name].silent).map(([what, series]) =>
      ruleTest(name, `${name} is silent: ${what}`, series, []),
    ),
  );
  t.true(tests.length >= alarms.length);
  t.is(await testRules(rules, tests), '');
});

promtoolTest(
  'L5a: an alarm without one of its series fires where it is made for that',
  async (t) => {
    t.is(await testRules(rules, alarms.flatMap(withoutEach)), '');
  },
);

promtoolTest('L5a: the cases find a metric that is renamed in the rules', async (t) => {
  const metrics = new Set(alarms.flatMap(([name]) => ALARM_CASES[name].firing.map(metricOf)));
  t.true(metrics.size > 20);
  for (const metric of metrics) t.true(rules.includes(metric), metric);
  const renamed = rules.replaceAll(/\b(livedrops|nodejs|probe)_(\w+)/g, '$1_former_$2');
  const said = await testRules(renamed, alarms.flatMap(firing));
  for (const [name] of alarms) {
    if (ALARM_CASES[name].firing.every(({ metric }) => metric === 'up')) continue;
    t.true(said.includes(`alertname: ${name},`), `${name} fires all the same`);
  }
});

function metricOf({ metric }: InputSeries): string {
  return metric;
}

function firing([name, alarm]: [AlarmName, Alarm]): RuleTest[] {
  const { atSeconds, stepSeconds, firing: series, alsoFiring = {}, alerted } = ALARM_CASES[name];
  const tests = [ruleTest(name, `${name} fires`, series, [alerted])];
  for (const [what, other] of Object.entries(alsoFiring))
    tests.push(ruleTest(name, `${name} fires: ${what}`, other, [alerted]));
  const early = Math.min(atSeconds - stepSeconds, alarm.forSeconds - stepSeconds);
  // In hours it cannot be so before its windows are full, and then for some time.
  if (early >= 0 && stepSeconds === 5) {
    tests.push(ruleTest(name, `${name} does not fire yet`, series, [], early));
  }
  return tests;
}

function withoutEach([name]: [AlarmName, Alarm]): RuleTest[] {
  const { firing: series, whenMissing } = ALARM_CASES[name];
  return [...new Set(series.map(metricOf))].map((missing) =>
    ruleTest(
      name,
      `${name} without ${missing}`,
      series.filter(({ metric }) => metric !== missing),
      whenMissing === undefined ? [] : [whenMissing],
    ),
  );
}

function ruleTest(
  alert: AlarmName,
  name: string,
  series: readonly InputSeries[],
  alerted: readonly AlarmCase['alerted'][],
  atSeconds = ALARM_CASES[alert].atSeconds,
): RuleTest {
  const { severity, summary, runbook } = alarms.find(([one]) => one === alert)![1];
  const expected = alerted.map((labels) => ({
    labels: { ...labels, severity },
    annotations: {
      summary: summary.replaceAll(
        /\{\{ \$labels\.(\w+) \}\}/g,
        (_, label: string) => labels[label]!,
      ),
      runbook_url: `${RUNBOOKS}#${anchorOf(runbook)}`,
    },
  }));
  return {
    name,
    alert,
    stepSeconds: ALARM_CASES[alert].stepSeconds,
    series: series.map((one) => ({ name: one.name, values: valuesOf(one) })),
    atSeconds,
    expected,
  };
}
