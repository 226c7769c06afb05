// The subcommands that ask running nodes: what they take and how they are explained.

import { type Command, Option } from 'commander';
import { SHARD_COUNT } from '../domain/ids.ts';
import { SHARD_STATUSES } from '../services/contracts.ts';
import { MOVES_LISTED_MAX } from './api-client.ts';
import { duration, integer, nodeId, serverUrl } from './arguments.ts';
import type { ChangeOptions } from './change.ts';
import type { MovesOptions } from './moves.ts';
import type { RebuildOptions } from './rebuild.ts';
import type { RollingRestartOptions } from './rolling-restart.ts';
import type { ShardsOptions } from './shards.ts';
import type { ListOptions } from './show-list.ts';
import type { VerifyCommandOptions } from './verify.ts';

const TIMEOUT_SECONDS = 60;
const MOVES_MAX = 10;
const shardNumber = integer(0, SHARD_COUNT - 1);

const SERVER_HELP = `
Asks the server at --url: by default the one that runs on LIVEDROPS_DATA, or else
the one at LIVEDROPS_HOST and LIVEDROPS_PORT. Without --token one is minted with
LIVEDROPS_AUTH_SECRET, or the secret kept in LIVEDROPS_DATA.`;

const CHANGE_HELP = `
Waits until every shard that has to move has moved, a line for each: where from,
where to, how it ended, and for how long nobody sold it. Exits with 1 when one
did not end well.
${SERVER_HELP}`;

export function addOperatorCommands(livedrops: Command): void {
  addLists(livedrops);
  addChanges(livedrops);
  addRollingRestart(livedrops);
  addVerify(livedrops);
  addRebuild(livedrops);
}

function connecting(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'a node of the cluster').argParser(serverUrl))
    .option('--token <token>', 'an access token with the operator role')
    .option('--json', 'for programs');
}

function addLists(livedrops: Command): void {
  const listing = (name: string, description: string): Command =>
    connecting(livedrops.command(name).description(description))
      .option('--watch', 'again each second, until Ctrl-C')
      .addHelpText('after', SERVER_HELP);
  listing('nodes', 'who is there, in which state, and how much each node carries').action(
    async (options: ListOptions) => (await import('./nodes.ts')).nodes(options),
  );
  listing('shards', 'which node serves each shard, and how it is doing there')
    .addOption(new Option('--node <id>', 'only those of one node').argParser(nodeId))
    .addOption(new Option('--state <state>', 'only those in one state').choices(SHARD_STATUSES))
    .action(async (options: ShardsOptions) => (await import('./shards.ts')).shards(options));
  listing('moves', 'how the last moves of shards ended, newest first')
    .option('--limit <n>', 'how many', integer(1, MOVES_LISTED_MAX), 20)
    .action(async (options: MovesOptions) => (await import('./moves.ts')).moves(options));
}

function timeoutOption(description: string): Option {
  return new Option('--timeout <time>', description)
    .argParser(duration)
    .default(TIMEOUT_SECONDS, `${TIMEOUT_SECONDS}s`);
}

function addChanges(livedrops: Command): void {
  const changing = (name: string, description: string): Command =>
    connecting(livedrops.command(name).description(description))
      .option('--dry-run', 'only tell what would move, and why')
      .option('--no-wait', 'do not wait for the moves')
      .addOption(timeoutOption('how long to wait: 90s, 15m'))
      .addHelpText('after', CHANGE_HELP);
  for (const [name, description] of [
    ['pin', 'keep a shard on a node, whichever would have it otherwise; moves it there'],
    ['move', 'move a shard to a node: the same as to pin it there'],
  ] as const) {
    changing(name, description)
      .argument('<shard>', 'its number', shardNumber)
      .argument('<node>', 'the node', nodeId)
      .action(async (shard: number, node: string, options: ChangeOptions) =>
        (await import('./change.ts')).pin(shard, node, options),
      );
  }
  changing('unpin', 'take a shard’s pin away; moves it where it belongs without')
    .argument('<shard>', 'its number', shardNumber)
    .action(async (shard: number, options: ChangeOptions) =>
      (await import('./change.ts')).pin(shard, null, options),
    );
  changing('drain', 'move all shards of a node to others, and give it none')
    .argument('<node>', 'the node', nodeId)
    .action(async (node: string, options: ChangeOptions) =>
      (await import('./change.ts')).drain(node, options),
    );
  changing('undrain', 'let a drained node take shards again')
    .argument('<node>', 'the node', nodeId)
    .action(async (node: string, options: ChangeOptions) =>
      (await import('./change.ts')).undrain(node, options),
    );
  changing('rebalance', 'pin a few shards so that busy nodes give some of their load to others')
    .option('--moves-max <n>', 'shards moved at most', integer(1, SHARD_COUNT), MOVES_MAX)
    .action(async (options: ChangeOptions & { movesMax: number }) =>
      (await import('./change.ts')).rebalance(options),
    );
}

function addRollingRestart(livedrops: Command): void {
  connecting(
    livedrops
      .command('rolling-restart')
      .description('restart all nodes, one after the other, each emptied first and filled again'),
  )
    .option('--dry-run', 'only tell the steps')
    .addOption(timeoutOption('how long each step may take: 90s, 15m'))
    .addHelpText(
      'after',
      `
Whatever supervises the nodes starts them again. Stops at the first thing that
goes wrong, with exit code 1; the node whose turn it was takes shards again.
${SERVER_HELP}`,
    )
    .action(async (options: RollingRestartOptions) =>
      (await import('./rolling-restart.ts')).rollingRestart(options),
    );
}

function addVerify(livedrops: Command): void {
  connecting(
    livedrops
      .command('verify')
      .description('replay the journal and compare it with live state and read models'),
  )
    .addHelpText(
      'after',
      `
Asks the running nodes, or, where no server runs on LIVEDROPS_DATA, reads what is
there. Exits with 1 when anything is found.`,
    )
    .action(async (options: VerifyCommandOptions) => (await import('./verify.ts')).verify(options));
}

function addRebuild(livedrops: Command): void {
  connecting(
    livedrops
      .command('rebuild')
      .description('make again what order lists and notifications lost, from the journals'),
  )
    .addOption(
      new Option('--shard <n...>', 'only of these shards').argParser(
        (text, earlier: readonly number[] | undefined) => [...(earlier ?? []), shardNumber(text)],
      ),
    )
    .option('--dry-run', 'only tell what is missing')
    .addHelpText(
      'after',
      `
While the sale goes on. Adds what is missing and changes nothing else: nobody is
told twice, and what was read stays read. Harmless to repeat. Exits with 1 where
a shard's journal could not be compared as far as it goes.
${SERVER_HELP}`,
    )
    .action(async (options: RebuildOptions) => (await import('./rebuild.ts')).rebuild(options));
}
