// Defines the subcommands that call running nodes: arguments, options and help texts. Those of
// placement, of payments and of jobs are in files of their own.

import { type Command, Option } from 'commander';
import { EXPORT_FORMATS } from '../contracts/export-formats.ts';
import { dropId, serverUrl, shardNumber } from './arguments.ts';
import type { ChangesOptions } from './changes.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { ExportOptions } from './export-orders.ts';
import { addCacheCommands } from './cache-commands.ts';
import { addJobCommands } from './job-commands.ts';
import { addPaymentCommands } from './payment-commands.ts';
import { addPlacementCommands } from './placement-commands.ts';
import type { RebuildOptions } from './rebuild.ts';
import type { ReleaseOptions } from './release.ts';
import { addSearchCommands } from './search-commands.ts';
import type { VerifyCommandOptions } from './verify.ts';

export function addOperatorCommands(livedrops: Command): void {
  livedrops.commandsGroup('Nodes and shards:');
  addPlacementCommands(livedrops);
  addRelease(livedrops);
  livedrops.commandsGroup('Orders, lists and events:');
  addVerify(livedrops);
  addRebuild(livedrops);
  addExport(livedrops);
  addStream(livedrops);
  livedrops.commandsGroup('Payments, jobs and search:');
  addPaymentCommands(livedrops);
  addJobCommands(livedrops);
  addSearchCommands(livedrops);
  addCacheCommands(livedrops);
}

function addVerify(livedrops: Command): void {
  connecting(
    livedrops
      .command('verify')
      .description('compare a replay of the journal with live state and read models'),
  )
    .addHelpText(
      'after',
      `
Calls the running nodes. Where no server runs on LIVEDROPS_DATA, reads that directory.
Exits with 1 when there is a difference.`,
    )
    .action(async (options: VerifyCommandOptions) => (await import('./verify.ts')).verify(options));
}

function addRebuild(livedrops: Command): void {
  connecting(
    livedrops
      .command('rebuild')
      .description('restore lost rows of order lists and notifications from the journals'),
  )
    .addOption(
      new Option('--shard <n...>', 'only these shards').argParser(
        (text, earlier: readonly number[] | undefined) => [...(earlier ?? []), shardNumber(text)],
      ),
    )
    .option('--dry-run', 'only print what is missing')
    .addHelpText(
      'after',
      `
Runs while the sale goes on. Adds missing rows and changes nothing else: no user is
notified twice, and read notifications stay read. Safe to repeat. Exits with 1 when
the journal of a shard could not be compared to its end.
${SERVER_HELP}`,
    )
    .action(async (options: RebuildOptions) => (await import('./rebuild.ts')).rebuild(options));
}

function addRelease(livedrops: Command): void {
  connecting(
    livedrops
      .command('release')
      .description('serve a drop again that was quarantined after repeated faults'),
  )
    .argument('<drop>', 'drop id', dropId)
    .addHelpText(
      'after',
      `
\`livedrops shards\` lists quarantined drops and their reasons. Where the defect is still
there, the drop is quarantined again after three faults.
${SERVER_HELP}`,
    )
    .action(async (drop: string, options: ReleaseOptions) =>
      (await import('./release.ts')).release(drop, options),
    );
}

function addExport(livedrops: Command): void {
  livedrops
    .command('export')
    .description('write all orders of a drop, as of one version, as CSV or NDJSON')
    .argument('<drop>', 'drop id', dropId)
    .addOption(new Option('--url <url>', 'a node of the cluster').argParser(serverUrl))
    .option('--token <token>', "an access token of the drop's creator or of an operator")
    .addOption(
      new Option('--format <format>', 'the form of the file')
        .choices(EXPORT_FORMATS)
        .default('csv'),
    )
    .option('--output <file>', 'write to this file, which is there only when it is whole')
    .addHelpText(
      'after',
      `
The sale goes on meanwhile. docs/SELLING.md has the columns.

Example:
  livedrops export d_7 --output orders.csv
${SERVER_HELP}`,
    )
    .action(async (drop: string, options: ExportOptions) =>
      (await import('./export-orders.ts')).exportOrders(drop, options),
    );
}

function addStream(livedrops: Command): void {
  connecting(
    livedrops
      .command('changes')
      .description('print the events of all drops and all other changes, a line each'),
  )
    .option('--follow', 'continue with new events and changes, until Ctrl-C')
    .option('--from <position>', 'a printed position, start or now', 'start')
    .addHelpText(
      'after',
      `
--json prints the lines that outside systems consume (docs/CHANGES.md). At the end,
and after Ctrl-C, the last position goes to stderr: --from continues there.
${SERVER_HELP}`,
    )
    .action(async (options: ChangesOptions) => (await import('./changes.ts')).changes(options));
}
