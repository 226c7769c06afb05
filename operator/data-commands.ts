// Defines the subcommands that read stored data by themselves, beside running servers or without
// any: arguments, options and help texts.

import type { Command } from 'commander';
import type { ArchiveOptions } from './archive.ts';
import { duration } from './arguments.ts';
import type { RotateOptions, SecretsOptions } from './secrets.ts';

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

  addSecretCommands(livedrops);
}

function addSecretCommands(livedrops: Command): void {
  const secrets = livedrops
    .command('secrets')
    .description('list the secrets of access tokens by their key ids; secrets stay hidden')
    .option('--json', 'print JSON')
    .action(async (options: SecretsOptions) => (await import('./secrets.ts')).secrets(options));

  secrets
    .command('rotate')
    .description('store a new secret; the one before it verifies until its tokens have ended')
    .option(
      '--keep <time>',
      'how long the old one verifies after the new one signs, such as 15m, 1h or 7d',
      duration,
      3_600,
    )
    .option('--at-once', 'end everything that was signed before: where the secret was stolen')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Works on the file of secrets: LIVEDROPS_AUTH_SECRET_FILE, or auth-secret in
LIVEDROPS_DATA. Nodes that use it read it again within seconds, without a restart.
Tokens of a log-in live for 15 minutes; keep the old secret longer where tokens made
with livedrops token --ttl live longer.

Examples:
  livedrops secrets rotate
  livedrops secrets rotate --keep 7d`,
    )
    .action(async (options: RotateOptions, command: Command) =>
      (await import('./secrets.ts')).rotateSecrets({ ...options, ...command.optsWithGlobals() }),
    );
}
