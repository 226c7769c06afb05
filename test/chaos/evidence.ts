// What a run that found something, or failed, leaves in the output, so that the log of continuous
// integration is enough to begin: how to repeat it, the rules that were violated, every finding,
// the exchanges that began last, and the last lines of the servers' logs.

import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, type History } from './history.ts';

const FINDINGS_SHOWN_MAX = 100;
const LOG_LINES_SHOWN = 60;
const RULE = /^([A-Z]\d+[a-z]?): /;

export interface Run {
  /** Of `npm run chaos`: what repeats the choices of the run, its seed among them. */
  readonly again: string;
  readonly history: Pick<History, 'newest'>;
  /** The last lines of each log. */
  readonly logs: () => readonly string[];
  readonly print: (line: string) => void;
}

/** Prints the evidence of what `run` finds, or of its failure, which it passes on. */
export async function withEvidence<Report extends { readonly findings: readonly string[] }>(
  about: Run,
  run: () => Promise<Report>,
): Promise<Report> {
  try {
    const report = await run();
    if (report.findings.length > 0) printEvidence(about, report.findings);
    return report;
  } catch (error) {
    printEvidence(about, [`the run itself failed: ${inspect(error)}`]);
    throw error;
  }
}

function printEvidence({ again, history, logs, print }: Run, findings: readonly string[]): void {
  print(`to repeat: npm run chaos -- ${again}`);
  const rules = Map.groupBy(findings, (finding) => RULE.exec(finding)?.[1] ?? 'no rule');
  for (const [rule, found] of rules) print(`violated: ${rule}, ${found.length} times`);
  for (const finding of findings.slice(0, FINDINGS_SHOWN_MAX)) print(`finding: ${finding}`);
  for (const where of history.newest) {
    const time = new Date(where.beganAt).toISOString();
    print(`exchange: ${time} ${describe(where)}`);
  }
  for (const line of logs()) print(line);
}

/** Of one log, each with its name. */
export function lastLines(name: string, file: string): string[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.slice(-LOG_LINES_SHOWN).map((line) => `${name}: ${line}`);
}
