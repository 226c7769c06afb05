// Defines the subcommands that show nodes and shards, and change where shards are: arguments,
// options and help texts.

import { type Command, Option } from 'commander';
import { SHARD_STATUSES } from '../contracts/shard-statuses.ts';
import { SHARD_COUNT } from '../domain/ids.ts';
import { MOVES_LISTED_MAX } from './api-client.ts';
import { duration, integer, nodeId, shardNumber } from './arguments.ts';
import type { ChangeOptions } from './change.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { MovesOptions } from './moves.ts';
import type { RollingRestartOptions } from './rolling-restart.ts';
import type { ShardsOptions } from './shards.ts';
import type { ListOptions } from './show-list.ts';

const TIMEOUT_SECONDS = 60;
const MOVES_MAX = 10;

const CHANGE_HELP = `
Waits until every move has ended and prints one line for each: source, target,
result, and blackout (how long the shard accepted no orders). Exits with 1 when a
move failed.
${SERVER_HELP}`;

export function addPlacementCommands(livedrops: Command): void {
  addLists(livedrops);
  addChanges(livedrops);
  addRollingRestart(livedrops);
}

function addLists(livedrops: Command): void {
  const listing = (name: string, description: string): Command =>
    connecting(livedrops.command(name).description(description))
      .option('--watch', 'refresh each second, until Ctrl-C')
      .addHelpText('after', SERVER_HELP);
  listing('nodes', 'list the nodes with their state and load').action(
    async (options: ListOptions) => (await import('./nodes.ts')).nodes(options),
  );
  listing('shards', 'list the shards with their owner, state and load')
    .addOption(new Option('--node <id>', 'only shards of this node').argParser(nodeId))
    .addOption(new Option('--state <state>', 'only shards in this state').choices(SHARD_STATUSES))
    .action(async (options: ShardsOptions) => (await import('./shards.ts')).shards(options));
  listing('moves', 'list the last moves of shards and their results, newest first')
    .option('--limit <n>', 'number of moves', integer(1, MOVES_LISTED_MAX), 20)
    .action(async (options: MovesOptions) => (await import('./moves.ts')).moves(options));
}

function addChanges(livedrops: Command): void {
  const changing = (name: string, description: string): Command =>
    connecting(livedrops.command(name).description(description))
      .option('--dry-run', 'only print the moves and their reasons')
      .option('--no-wait', 'do not wait for the moves')
      .addOption(timeoutOption('longest wait for the moves, such as 90s or 15m'))
      .addHelpText('after', CHANGE_HELP);
  for (const [name, description] of [
    ['pin', 'pin a shard to a node and move it there'],
    ['move', 'move a shard to a node: the same as pin'],
  ] as const) {
    changing(name, description)
      .argument('<shard>', 'shard number', shardNumber)
      .argument('<node>', 'node id', nodeId)
      .action(async (shard: number, node: string, options: ChangeOptions) =>
        (await import('./change.ts')).pin(shard, node, options),
      );
  }
  changing('unpin', 'remove the pin of a shard and move it to its computed node')
    .argument('<shard>', 'shard number', shardNumber)
    .action(async (shard: number, options: ChangeOptions) =>
      (await import('./change.ts')).pin(shard, null, options),
    );
  changing('drain', 'move all shards of a node to other nodes and assign it no more')
    .argument('<node>', 'node id', nodeId)
    .action(async (node: string, options: ChangeOptions) =>
      (await import('./change.ts')).drain(node, options),
    );
  changing('undrain', 'assign shards to a drained node again')
    .argument('<node>', 'node id', nodeId)
    .action(async (node: string, options: ChangeOptions) =>
      (await import('./change.ts')).undrain(node, options),
    );
  changing('rebalance', 'move load from busy nodes to others by pinning a few shards')
    .option('--moves-max <n>', 'most shards to move', integer(1, SHARD_COUNT), MOVES_MAX)
    .action(async (options: ChangeOptions & { movesMax: number }) =>
      (await import('./change.ts')).rebalance(options),
    );
}

function addRollingRestart(livedrops: Command): void {
  connecting(
    livedrops
      .command('rolling-restart')
      .description('restart one node after the other: drain, restart, undrain'),
  )
    .option('--dry-run', 'only print the steps')
    .addOption(timeoutOption('longest duration of each step, such as 90s or 15m'))
    .addHelpText(
      'after',
      `
The supervisor of each node (systemd, for example) has to start it again. Stops at
the first failure, with exit code 1, and undrains the node that it was restarting.
${SERVER_HELP}`,
    )
    .action(async (options: RollingRestartOptions) =>
      (await import('./rolling-restart.ts')).rollingRestart(options),
    );
}

function timeoutOption(description: string): Option {
  return new Option('--timeout <time>', description)
    .argParser(duration)
    .default(TIMEOUT_SECONDS, `${TIMEOUT_SECONDS}s`);
}
