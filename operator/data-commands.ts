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
}
