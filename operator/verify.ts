// `livedrops verify`: compares a replay of the journals with live state and read models, in a
// running cluster or in a data directory without a server, and prints the differences. The
// comparison itself is in `events/verify/`.

import type { RunContext } from '../actors/run-context.ts';
import type { VerifyReport } from '../contracts/operator.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { runOnServer, withProgress } from './run.ts';
import { table } from './table.ts';

export interface VerifyCommandOptions extends ConnectOptions {
  readonly json?: true;
}

/** The most findings in the text output; `--json` prints all of them. */
const FINDINGS_SHOWN_MAX = 50;

export async function verify(options: VerifyCommandOptions): Promise<void> {
  const report = await withProgress((run) => readReport(options, run));
  if (report === null) return;
  process.stdout.write(
    options.json === true ? `${JSON.stringify(report, null, 2)}\n` : describe(report),
  );
  if (!report.ok) process.exitCode = 1;
}

async function readReport(options: VerifyCommandOptions, run: RunContext): Promise<VerifyReport> {
  const onServer = async () =>
    (await runOnServer(await connectOperator(options), { kind: 'verify' }, run)) as VerifyReport;
  if (options.url !== undefined) return await onServer();
  // Imported here, since a command that calls a server needs neither settings nor store code.
  const { loadStoredConfig } = await import('../composition/config.ts');
  const { isOfCluster } = await import('../composition/data-directory.ts');
  const config = loadStoredConfig();
  const serves = config.store.kind !== 'sqlite' || isOfCluster(config.dataDirectory);
  if (serves) return await onServer();
  const { verifyEmbedded } = await import('../composition/verify.ts');
  return (await verifyEmbedded(config, run)) ?? (await onServer());
}

export function describe(report: VerifyReport): string {
  const { shards, entries, drops, orders, findings } = report;
  const counts = [shards, entries, drops, orders].map(String);
  let text = table(['shards', 'entries', 'drops', 'orders'], [counts]);
  for (const finding of findings.slice(0, FINDINGS_SHOWN_MAX)) text += `  ${finding}\n`;
  if (findings.length > FINDINGS_SHOWN_MAX) {
    text += `  and ${findings.length - FINDINGS_SHOWN_MAX} more: see --json\n`;
  }
  return report.ok
    ? `${text}ok: journal, live state and read models agree\n`
    : `${text}FAILED: ${findings.length} found\n`;
}
