// The `livedrops` command. Each subcommand has its own file, which is imported when the subcommand
// runs, so that `livedrops token` does not load a server. Results go to stdout, everything else
// goes to stderr. Exit codes: 0 success, 1 failure, 2 wrong usage or configuration.

import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { ConfigError, logLevelOf } from '../composition/process-environment.ts';
import { duration, integer, roles, serverUrl, userId, webhookUrl } from './arguments.ts';
import type { ClusterOptions } from './cluster/cluster.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { DoctorOptions } from './doctor.ts';
import type { DemoOptions } from './demo/demo.ts';
import { addAnalyticsCommand } from './analytics-commands.ts';
import { addAuditCommand } from './audit-commands.ts';
import { addBanCommands } from './ban-commands.ts';
import { addDataCommands } from './data-commands.ts';
import { addLedgerCommands } from './ledger-commands.ts';
import { addPushCommands } from './push-commands.ts';
import { addWebhookCommands } from './webhook-commands.ts';
import { addMediaCommands } from './media-commands.ts';
import { addOperatorAccounts } from './operator-account-commands.ts';
import { addOperatorCommands } from './operator-commands.ts';
import { addSellerCommands } from './seller-commands.ts';
import type { RehearseOptions } from './rehearse/rehearse.ts';
import type { SeedOptions } from './demo/seed.ts';
import type { StripeStandInOptions } from './stripe-stand-in/command.ts';
import type { TopOptions } from './top/top.ts';
import type { TokenOptions } from './token.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const TOKENS_MAX = 1_000_000;
/** All nodes share one machine. */
const NODES_MAX = 16;

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return (manifest as { version: string }).version;
}

function program(): Command {
  const livedrops = new Command('livedrops')
    .description('Sells limited-stock drops without ever overselling.')
    .version(version(), '--version')
    .exitOverride()
    .showHelpAfterError('(livedrops --help lists commands and options)')
    .addHelpText(
      'after',
      `
Exit codes: 0 success, 1 failure, 2 wrong usage or configuration.
Settings are environment variables; \`livedrops config\` lists them.

Examples:
  livedrops start
  LIVEDROPS_PORT=9000 LIVEDROPS_LOG=debug livedrops start
  livedrops token --user ada --roles creator
  livedrops verify --json
  livedrops nodes --watch
  livedrops drain node-2 --dry-run`,
    );

  livedrops
    .commandsGroup('Serve and try:')
    .command('start')
    .description('start a server; SIGTERM or SIGINT stops it, a second signal ends it at once')
    .action(async () => (await import('./start.ts')).start());

  livedrops
    .command('token')
    .description('create access tokens, so that scripts and load tests need not log in')
    .requiredOption('--user <id>', 'the user of the token', userId)
    .addOption(
      new Option('--roles <list>', 'roles, such as creator,operator')
        .argParser(roles)
        .default([], 'none'),
    )
    .addOption(
      new Option('--ttl <time>', 'lifetime, such as 90s, 15m, 1h or 7d')
        .argParser(duration)
        .default(3600, '1h'),
    )
    .option('--count <n>', 'n tokens, for ID-1 to ID-n, one a line', integer(1, TOKENS_MAX))
    .addHelpText(
      'after',
      `
Signs with LIVEDROPS_AUTH_SECRET, or else with the secret stored in LIVEDROPS_DATA.

Examples:
  livedrops token --user ada --roles creator --ttl 15m
  livedrops token --user buyer --count 20000 > tokens.txt`,
    )
    .action(async (options: TokenOptions) => (await import('./token.ts')).token(options));

  livedrops
    .command('demo')
    .description('run a celebrity drop in this terminal and check the result')
    .option('--buyers <n>', 'buyers who order at once', integer(1, 200_000), 20_000)
    .option('--stock <n>', 'units for sale', integer(1, 100_000), 500)
    .option('--followers <n>', 'connected followers of the creator', integer(1, 5000), 400)
    .option('--seconds <n>', 'seconds until the drop opens', integer(1, 60), 4)
    .option('--seed <n>', 'chooses who pays late and who orders twice', integer(0, 2 ** 32 - 1), 1)
    .addOption(
      new Option('--cluster [nodes]', 'sell on a cluster, of 3 nodes unless given')
        .preset('3')
        .conflicts('seedOnly')
        .argParser(integer(2, NODES_MAX)),
    )
    .option('--seed-only', 'make a small shop on a server that runs, and leave it there')
    .addOption(
      new Option('--url <url>', 'that server; by default the one on LIVEDROPS_DATA').argParser(
        serverUrl,
      ),
    )
    .addHelpText(
      'after',
      `
Starts its own server on a free port with its own data directory, and removes both
at the end; with --cluster redis-server, nats-server and some nodes, each a process.
Exits with 0 when every line of the proof passes.

Examples:
  livedrops demo
  livedrops demo --cluster
  livedrops demo --buyers 5000 --stock 100 --seed 7
  livedrops demo --seed-only`,
    )
    .action(async (options: DemoOptions & SeedOptions & { readonly seedOnly?: true }) => {
      if (options.seedOnly) await (await import('./demo/seed.ts')).seed(options);
      else await (await import('./demo/demo.ts')).demo(options);
    });

  livedrops
    .command('rehearse')
    .description('run a whole sale against your own server or cluster, and check the result')
    .addOption(
      new Option('--url <url>', 'where buyers come: a gateway or what is before it')
        .argParser(serverUrl)
        .makeOptionMandatory(),
    )
    .option('--buyers <n>', 'buyers who order at once', integer(1, 200_000), 2_000)
    .option('--stock <n>', 'units for sale', integer(1, 100_000), 100)
    .addOption(
      new Option('--operators <url>', 'a node’s address for operators, where it has one').argParser(
        serverUrl,
      ),
    )
    .option('--watchers <n>', 'people who watch the drop live', integer(1, 5_000), 50)
    .option('--seconds <n>', 'seconds until the drop opens', integer(1, 60), 4)
    .option('--yes', 'do not ask, where the address is not this machine')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Sells an unlisted drop that costs nothing, of a creator and to buyers without accounts,
with tokens signed with LIVEDROPS_AUTH_SECRET, or else with the secret stored in
LIVEDROPS_DATA. Afterwards the drop is cancelled and hidden. All buyers come from one
address: exempt it in LIVEDROPS_LIMITS_FILE, or limits slow them down. Exits with 0
when every line of the report passes.

Examples:
  livedrops rehearse --url http://127.0.0.1:8080
  livedrops rehearse --url https://shop.example --buyers 20000 --stock 500`,
    )
    .action(async (options: RehearseOptions) =>
      (await import('./rehearse/rehearse.ts')).rehearse(options),
    );

  livedrops
    .command('cluster')
    .description('run a whole cluster on this machine: Redis, NATS and nodes')
    .option('--nodes <n>', 'number of nodes', integer(1, NODES_MAX), 3)
    .option(
      '--port <n>',
      'port of the first node; those of the others and of media follow; 0: free ports',
      integer(0, 65_000),
      8080,
    )
    .option('--data <dir>', 'directory for all data; without it, a temporary directory')
    .option('--keep', 'do not remove the temporary directory')
    .addHelpText(
      'after',
      `
Needs redis-server and nats-server. LIVEDROPS_ settings go to every node.
Ctrl-C stops the nodes, then NATS, then Redis.

Examples:
  livedrops cluster --nodes 3
  LIVEDROPS_RATE_LIMITS=off livedrops cluster --nodes 2 --port 9000 --data ./cluster`,
    )
    .action(async (options: ClusterOptions) =>
      (await import('./cluster/cluster.ts')).cluster(options),
    );

  livedrops
    .command('stripe-stand-in')
    .description('run a stand-in of Stripe’s API on this machine, to try payments without Stripe')
    .option('--port <n>', 'port to listen on; 0: any free one', integer(0, 65_535), 12_111)
    .requiredOption('--webhook <url>', 'where its events go', webhookUrl)
    .addHelpText(
      'after',
      `
Takes LIVEDROPS_STRIPE_SECRET_KEY, LIVEDROPS_STRIPE_PUBLISHABLE_KEY and the first of
LIVEDROPS_STRIPE_WEBHOOK_SECRET, the same as the server; it forgets everything when it ends.
Cards: pm_card_visa, pm_card_chargeDeclined, pm_card_createDispute.

Example:
  livedrops stripe-stand-in --webhook http://127.0.0.1:8080/v1/payments/stripe/webhook`,
    )
    .action(async (options: StripeStandInOptions) =>
      (await import('./stripe-stand-in/command.ts')).stripeStandIn(options),
    );

  addOperatorCommands(livedrops);
  livedrops.commandsGroup('People and what they sell:');
  addOperatorAccounts(livedrops);
  addAuditCommand(livedrops);
  addBanCommands(livedrops);
  addSellerCommands(livedrops);
  addMediaCommands(livedrops);
  addAnalyticsCommand(livedrops);
  livedrops.commandsGroup('Calls to the outside:');
  addPushCommands(livedrops);
  addWebhookCommands(livedrops);
  livedrops.commandsGroup('Data and secrets:');
  addLedgerCommands(livedrops);
  addDataCommands(livedrops);
  livedrops.commandsGroup('See how it is:').helpCommand(true);

  connecting(livedrops.command('top').description('a live view of the cluster, for operators'))
    .option('--once', 'print one frame, of one second')
    .addHelpText(
      'after',
      `
Rates, latencies, nodes, shards, drops, consumers, jobs and what is wrong, each second,
from the operator API and the metrics of all nodes. Keys: q quits, p pauses. Without a
terminal it prints a frame each second, with --json a line. NO_COLOR is kept.
${SERVER_HELP}`,
    )
    .action(async (options: TopOptions) => (await import('./top/top.ts')).top(options));

  connecting(
    livedrops
      .command('doctor')
      .description('check a set-up: settings, disk, store, network, keys; and say what to do'),
  )
    .addHelpText(
      'after',
      `
Needs no running server; one that runs on LIVEDROPS_DATA, or at --url, is checked too.
Writes a file of some KiB into LIVEDROPS_DATA for a moment, connects to what the settings
name and to a push service, and changes nothing. Exits with 1 where something is wrong.`,
    )
    .action(async (options: DoctorOptions) => (await import('./doctor.ts')).doctor(options));

  livedrops
    .command('config')
    .description('show the settings in force and their sources; secrets stay hidden')
    .option('--json', 'print a JSON array')
    .action(async (options: { json?: true }) => (await import('./config.ts')).config(options));

  return livedrops;
}

/**
 * Writes one line to stderr, or one line for each problem of a configuration error. Writes the
 * stack only with LIVEDROPS_LOG=debug.
 */
function report(error: unknown): void {
  if (error instanceof Error && logLevelOf() === 'debug') {
    process.stderr.write(`livedrops: ${error.stack ?? error.message}\n`);
    return;
  }
  const lines = (error instanceof Error ? error.message : String(error)).split('\n');
  const listsProblems = error instanceof Error && 'problems' in error;
  for (const line of listsProblems ? lines : lines.slice(0, 1)) {
    process.stderr.write(`livedrops: ${line}\n`);
  }
}

// A reader such as `head` may close the pipe early. Then no reader is left, which is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has already printed its message. Help and version are no errors.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else {
    report(error);
    process.exitCode = error instanceof ConfigError ? EXIT_USAGE : EXIT_FAILED;
  }
}
