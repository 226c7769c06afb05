// Defines the subcommands of caches: arguments, options and help texts.

import { type Command, Option } from 'commander';
import { CACHE_KINDS } from '../contracts/cache-kinds.ts';
import { userId } from './arguments.ts';
import type { EvictOptions } from './cache.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { ListOptions } from './show-list.ts';

const CACHE_HELP = `
Each gateway has caches of public reads in its memory, which hear of changes by themselves.
\`cache evict\` has all gateways read anew, for example after a repair of the store by hand.

Examples:
  livedrops cache --watch
  livedrops cache evict --key /v1/products/p_1
  livedrops cache evict --creator u_1`;

export function addCacheCommands(livedrops: Command): void {
  const cache = livedrops
    .command('cache')
    .description('list the caches of all gateways, or evict from them')
    .addHelpText('after', CACHE_HELP);
  connecting(
    cache
      .command('list', { isDefault: true })
      .description('list the caches by node and kind: sizes, hits, misses'),
  )
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText('after', SERVER_HELP)
    .action(async (options: ListOptions) => (await import('./cache.ts')).caches(options));
  connecting(cache.command('evict').description('have every gateway read anew; one option'))
    .addOption(new Option('--kind <kind>', 'all of a kind').choices(CACHE_KINDS))
    .option('--key <path>', 'one read, by its path and query')
    .option('--creator <user>', 'all that is shown of a creator', userId)
    .option('--all', 'everything')
    .addHelpText('after', SERVER_HELP)
    .action(async (options: EvictOptions) => (await import('./cache.ts')).evict(options));
}
