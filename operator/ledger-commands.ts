// Defines the subcommands of the ledger: arguments and help texts.

import { type Command, Option } from 'commander';
import { integer } from './arguments.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { LedgerExportOptions, LedgerOptions, ProveOptions } from './ledger.ts';

const LEDGER_HELP = `
The ledger has a leaf for every journal entry and every operator's action, in trees whose
roots are signed each second (docs/LEDGER.md). A bundle is the ledger as one file, which
\`node verifier/verify.mjs\` verifies without a server.

Examples:
  livedrops ledger status
  livedrops ledger prove --tree shard-3 --number 4711
  livedrops ledger prove --order dr_1-2a --buyer ada
  livedrops ledger export --out ledger.bundle
  livedrops ledger verify`;

export function addLedgerCommands(livedrops: Command): void {
  const number = integer(0, Number.MAX_SAFE_INTEGER);
  const ledger = livedrops
    .command('ledger')
    .description('show, prove, verify or export the ledger, and rotate its keys')
    .addHelpText('after', LEDGER_HELP);
  connecting(ledger.command('status').description('how far it is, its keys and its trees'))
    .addHelpText('after', SERVER_HELP)
    .action(async (options: LedgerOptions) => (await import('./ledger.ts')).ledgerStatus(options));
  connecting(ledger.command('prove').description('get a proof, and check it'))
    .option('--tree <name>', 'a tree: operators, or shard- with its number')
    .option('--number <n>', 'the sequence of an entry of the tree, or the id of an action', number)
    .option('--order <id>', 'an order instead, with its buyer')
    .option('--buyer <id>', 'the buyer of the order')
    .option('--from <size>', 'that the newest checkpoint continues the one of that size', number)
    .addHelpText('after', SERVER_HELP)
    .action(async (options: ProveOptions) => (await import('./ledger.ts')).proveLedger(options));
  connecting(
    ledger.command('verify').description('compare all of it with the journals and the audit log'),
  )
    .addHelpText(
      'after',
      `
Reads the stores, the tiles and the archive by itself, with the settings of a node,
beside running servers too. Exits with 1 when something does not agree. A server that
runs remembers what was found, for the console.${SERVER_HELP}`,
    )
    .action(async (options: LedgerOptions) => (await import('./ledger.ts')).verifyLedger(options));
  connecting(ledger.command('export').description('write it as a bundle for the verifier'))
    .requiredOption('--out <file>', 'the file')
    .addOption(
      new Option('--from <size>', 'leave out what was signed at that size')
        .argParser(number)
        .default(0, 'nothing'),
    )
    .addHelpText('after', SERVER_HELP)
    .action(async (options: LedgerExportOptions) =>
      (await import('./ledger.ts')).exportLedger(options),
    );
  connecting(ledger.command('rotate-key').description('make a new key, which signs from now on'))
    .addHelpText(
      'after',
      `
Those before it sign beside it, so that who knows them learns to trust the new one. Give
the new one to whoever verifies, then remove the old one.${SERVER_HELP}`,
    )
    .action(async (options: LedgerOptions) =>
      (await import('./ledger.ts')).rotateLedgerKey(options),
    );
  connecting(ledger.command('remove-key').description('remove an old key: it signs no more'))
    .argument('<key>', 'its id')
    .addHelpText('after', SERVER_HELP)
    .action(async (keyId: string, options: LedgerOptions) =>
      (await import('./ledger.ts')).removeLedgerKey(keyId, options),
    );
}
