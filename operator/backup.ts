// `livedrops backup` and `livedrops restore`.

import { resolve } from 'node:path';
import { loadStoredConfig } from '../composition/config.ts';
import { withProgress } from './run.ts';
import { count } from './table.ts';
import { describe } from './verify.ts';

export async function backup(directory: string): Promise<void> {
  const { backup: run } = await import('../composition/backup/backup.ts');
  const report = await run(loadStoredConfig({ signs: false }), resolve(directory));
  process.stdout.write(
    `${report.directory}: ${count(report.segments, 'segment')} of the archive\n`,
  );
}

/** Of a node alone it is verified at once; of a cluster the nodes have to be started first. */
export async function restore(directory: string): Promise<void> {
  const { restore: run } = await import('../composition/backup/backup.ts');
  await run(loadStoredConfig({ signs: false }), resolve(directory));
  const config = loadStoredConfig({ signs: false });
  if (config.store.kind === 'redis') {
    process.stdout.write('restored: start the nodes, then livedrops verify\n');
    return;
  }
  const { verifyEmbedded } = await import('../composition/verify.ts');
  process.stdout.write(`restored ${config.dataDirectory}\n`);
  const report = await withProgress((context) => verifyEmbedded(config, context));
  if (report === null) return;
  process.stdout.write(describe(report));
  if (!report.ok) process.exitCode = 1;
}
