// The `livedrops` command. Each subcommand lives in a file of its own, loaded when it is asked for,
// so that minting a token does not wait for a server to load. Answers go to stdout, everything else
// to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.

import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { ConfigError, logLevelOf } from '../composition/config.ts';
import { duration, integer, list, userId } from './arguments.ts';
import type { ClusterOptions } from './cluster/cluster.ts';
import type { DemoOptions } from './demo/demo.ts';
import { addOperatorCommands } from './operator-commands.ts';
import type { TokenOptions } from './token.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const TOKENS_MAX = 1_000_000;
/** They share one machine. */
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
    .showHelpAfterError('(livedrops --help tells more)')
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.
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
    .command('start')
    .description('serve until SIGTERM or SIGINT; a second signal does not wait')
    .action(async () => (await import('./start.ts')).start());

  livedrops
    .command('token')
    .description('mint access tokens, so that scripts and load tests need not log in')
    .requiredOption('--user <id>', 'whom the token stands for', userId)
    .addOption(
      new Option('--roles <list>', 'such as creator,operator').argParser(list).default([], 'none'),
    )
    .addOption(
      new Option('--ttl <time>', 'how long it is good for: 90s, 15m, 1h, 7d')
        .argParser(duration)
        .default(3600, '1h'),
    )
    .option('--count <n>', 'one for each of ID-1 to ID-n, a line each', integer(1, TOKENS_MAX))
    .addHelpText(
      'after',
      `
Signed with LIVEDROPS_AUTH_SECRET, or the secret kept in LIVEDROPS_DATA.

Examples:
  livedrops token --user ada --roles creator --ttl 15m
  livedrops token --user buyer --count 20000 > tokens.txt`,
    )
    .action(async (options: TokenOptions) => (await import('./token.ts')).token(options));

  livedrops
    .command('demo')
    .description('a celebrity drop, live in this terminal, with a proof at the end')
    .option('--buyers <n>', 'how many press at once', integer(1, 200_000), 20_000)
    .option('--stock <n>', 'units for sale', integer(1, 100_000), 500)
    .option('--followers <n>', 'live followers of the creator', integer(1, 5000), 400)
    .option('--seconds <n>', 'until the drop opens', integer(1, 60), 4)
    .option('--seed <n>', 'decides who pays late, who presses twice', integer(0, 2 ** 32 - 1), 1)
    .addHelpText(
      'after',
      `
Runs a server of its own on a free port with a data directory of its own, both
gone afterwards. Exits with 0 when every line of the proof passes.

Examples:
  livedrops demo
  livedrops demo --buyers 5000 --stock 100 --seed 7`,
    )
    .action(async (options: DemoOptions) => (await import('./demo/demo.ts')).demo(options));

  livedrops
    .command('cluster')
    .description('a whole cluster on this machine: Redis, NATS and nodes, in one view')
    .option('--nodes <n>', 'how many', integer(1, NODES_MAX), 3)
    .option(
      '--port <n>',
      'of the first node, the others follow; 0: free ones',
      integer(0, 65_000),
      8080,
    )
    .option('--data <dir>', 'where everything is kept; without it, a temporary directory')
    .option('--keep', 'keep the temporary directory')
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

  addOperatorCommands(livedrops);

  livedrops
    .command('config')
    .description('what is in force and where each value comes from; secrets stay hidden')
    .option('--json', 'as one JSON array')
    .action(async (options: { json?: true }) => (await import('./config.ts')).config(options));

  return livedrops;
}

/** One line on stderr for people, or one for each problem there is; the stack only where LIVEDROPS_LOG=debug asks for it. */
function report(error: unknown): void {
  if (error instanceof Error && logLevelOf() === 'debug') {
    process.stderr.write(`livedrops: ${error.stack ?? error.message}\n`);
    return;
  }
  const lines = (error instanceof Error ? error.message : String(error)).split('\n');
  // Those that name their problems one by one have a line for each.
  const many = error instanceof Error && 'problems' in error;
  for (const line of many ? lines : lines.slice(0, 1)) process.stderr.write(`livedrops: ${line}\n`);
}

// A reader such as `head` may close the pipe early: then there is nobody left to write for.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has written its own words; help and version are no errors.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else {
    report(error);
    process.exitCode = error instanceof ConfigError ? EXIT_USAGE : EXIT_FAILED;
  }
}
