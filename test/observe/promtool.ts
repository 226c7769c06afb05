// Runs promtool on rules and on cases of them: the series that there are, and who is alarmed.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import type { RuleFile } from '../../deploy/observe/rules.ts';
import { findProgram } from '../servers/child-server.ts';

const program = findProgram('promtool');
export const promtoolInstalled = program !== null;

const RUN_MAX_MS = 120_000;
const run = promisify(execFile);

export interface RuleTest {
  readonly name: string;
  readonly alert: string;
  /** Seconds between the values of series, and between evaluations; one for each alert. */
  readonly stepSeconds: number;
  readonly series: readonly { readonly name: string; readonly values: string }[];
  readonly atSeconds: number;
  readonly expected: readonly ExpectedAlert[];
}

interface ExpectedAlert {
  /** Without the alert's name. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * What promtool has to say: nothing where all is as expected. Each alert is tested with its own
 * rule and what that rule needs, since every rule is evaluated at every step.
 */
export async function testRules(rules: string, tests: readonly RuleTest[]): Promise<string> {
  const { groups } = parse(rules) as RuleFile;
  const all = groups.flatMap((group) => group.rules);
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-promtool-'));
  try {
    const files = [...Map.groupBy(tests, ({ alert }) => alert)].map(([alert, ofAlert]) => {
      writeFileSync(join(directory, `${alert}.rules.yml`), stringify(rulesOf(all, alert)));
      const file = join(directory, `${alert}.tests.yml`);
      writeFileSync(file, stringify(testFile(alert, ofAlert)));
      return file;
    });
    const said = await promtool(['test', 'rules', ...files]);
    return said.code === 0 ? '' : said.text;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Resolves to its complaints. */
export async function checkFile(kind: 'rules' | 'config', path: string): Promise<string> {
  const { code, text } = await promtool(['check', kind, path]);
  return code === 0 ? '' : text;
}

async function promtool(args: readonly string[]): Promise<{ code: number; text: string }> {
  try {
    const { stdout, stderr } = await run(program!, args, { timeout: RUN_MAX_MS });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as Partial<Record<string, string>>;
    return { code: typeof code === 'number' ? code : 1, text: `${stdout}${stderr}` };
  }
}

/** In one group, so that what is recorded is there before it is compared. */
function rulesOf(all: RuleFile['groups'][number]['rules'], alert: string): RuleFile {
  const alerting = all.filter((rule) => 'alert' in rule && rule.alert === alert);
  const needed = all.filter(
    (rule) => 'record' in rule && alerting.some(({ expr }) => expr.includes(rule.record)),
  );
  return { groups: [{ name: 'tested', interval: '1s', rules: [...needed, ...alerting] }] };
}

function testFile(alert: string, tests: readonly RuleTest[]) {
  return {
    rule_files: [`${alert}.rules.yml`],
    evaluation_interval: `${tests[0]!.stepSeconds}s`,
    tests: tests.map(({ name, stepSeconds, series, atSeconds, expected }) => ({
      name,
      interval: `${stepSeconds}s`,
      input_series: series.map((one) => ({ series: one.name, values: one.values })),
      alert_rule_test: [
        {
          eval_time: `${atSeconds}s`,
          alertname: alert,
          exp_alerts: expected.map(({ labels, annotations }) => ({
            exp_labels: labels,
            exp_annotations: annotations,
          })),
        },
      ],
    })),
  };
}
