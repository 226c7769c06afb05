// Defines the subcommands that read stored data by themselves, beside running servers or without
// any: arguments, options and help texts.

import type { Command } from 'commander';
import type { ArchiveOptions } from './archive.ts';

export function addDataCommands(livedrops: Command): void {
  livedrops
    .command('archive')
    .description('list what the archive has of each shard, and what the journal has')
    .option('--check', 'read all segments and name those that are damaged or missing')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Reads LIVEDROPS_ARCHIVE and the store by itself, beside running servers too. Exits
with 1 when --check finds something.

Examples:
  livedrops archive
  livedrops archive --check --json`,
    )
    .action(async (options: ArchiveOptions) => (await import('./archive.ts')).archive(options));

  livedrops
    .command('backup')
    .description('copy everything that lasts into a directory, while the sale runs')
    .argument('<dir>', 'a directory that is empty or does not exist')
    .addHelpText(
      'after',
      `
Of a node alone: the databases as of one moment, the archive, and stored secrets.
Of a cluster: the contents of its Redis servers, and the archive. Keep it secret: it
has password hashes, e-mail addresses and, of a node alone, the secrets.`,
    )
    .action(async (directory: string) => (await import('./backup.ts')).backup(directory));

  livedrops
    .command('restore')
    .description('restore a backup into an empty LIVEDROPS_DATA or an empty Redis')
    .argument('<dir>', 'a directory that livedrops backup made')
    .addHelpText(
      'after',
      `
Verifies a restored data directory, and exits with 1 when there is a difference. Of a
cluster: stop its nodes first, and run livedrops verify after they are started. Needs
redis-server there, of the same version as the cluster's or newer.`,
    )
    .action(async (directory: string) => (await import('./backup.ts')).restore(directory));
}
