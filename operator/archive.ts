// `livedrops archive`: lists what the archive has of each shard; with `--check` reads all of it and
// names what is damaged or missing.

import { loadStoredConfig } from '../composition/config.ts';
import type { ArchiveReport } from '../composition/archive-report.ts';
import { count, table } from './table.ts';

export interface ArchiveOptions {
  readonly check?: true;
  readonly json?: true;
}

const NUMBERS = ['shard', 'segments', 'entries', 'bytes', 'journal'];

export async function archive(options: ArchiveOptions): Promise<void> {
  const [check, json] = [options.check === true, options.json === true];
  const { reportArchive } = await import('../composition/archive-report.ts');
  const report = await reportArchive(loadStoredConfig({ signs: false }), { check });
  const text = json ? `${JSON.stringify(report, null, 2)}\n` : describeArchive(report, check);
  process.stdout.write(text);
  if (check && (report.check?.findings.length ?? 0) > 0) process.exitCode = 1;
}

/** `checked`: the check of the report was made for it. */
export function describeArchive(report: ArchiveReport, checked: boolean): string {
  const rows = report.shards.map((row) => [
    String(row.shard),
    String(row.segments),
    range(row.removed, row.last),
    String(row.bytes),
    range(row.trimmed, row.journalLast),
  ]);
  const text = `${report.archive}\n${table(NUMBERS, rows, NUMBERS)}`;
  const { check } = report;
  if (check === null) return `${text}never checked\n`;
  const { findings, segments } = check;
  const at = checked ? '' : ` on ${new Date(check.at).toISOString()}`;
  const lines = findings.map((finding) => `  ${finding}\n`).join('');
  return findings.length === 0
    ? `${text}ok: ${count(segments, 'segment')} checked${at}\n`
    : `${text}${lines}FAILED: ${findings.length} found${at}\n`;
}

/** The entries behind `after` up to `last`. */
function range(after: number, last: number | null): string {
  if (last === null) return `${after + 1}-?`;
  return last <= after ? '-' : `${after + 1}-${last}`;
}
