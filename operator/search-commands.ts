// Defines the subcommands of search indexes: arguments, options and help texts.

import type { Command } from 'commander';
import { nodeId } from './arguments.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { RebuildSearchOptions } from './search.ts';
import type { ListOptions } from './show-list.ts';

const SEARCH_HELP = `
Each node with the role search has an index of its own, which follows what happens and
catches up by itself. \`search rebuild\` makes one anew, or all of them one after the
other, while it is used: the old index serves until the new one has everything. Ctrl-C
ends the showing, and the rebuild goes on; it survives the end of the process.

Examples:
  livedrops search --watch
  livedrops search rebuild node-2`;

export function addSearchCommands(livedrops: Command): void {
  const search = livedrops
    .command('search')
    .description('list the search indexes of all nodes, or make them anew')
    .addHelpText('after', SEARCH_HELP);
  connecting(
    search
      .command('list', { isDefault: true })
      .description('list the indexes: how far behind they are, and how large'),
  )
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText('after', SERVER_HELP)
    .action(async (options: ListOptions) => (await import('./search.ts')).searchNodes(options));
  connecting(
    search.command('rebuild').description('make an index anew, beside the one that serves'),
  )
    .argument('[node]', 'node id; without it all nodes, one after the other', nodeId)
    .addHelpText('after', SERVER_HELP)
    .action(async (node: string | undefined, options: RebuildSearchOptions) =>
      (await import('./search.ts')).rebuildSearch(node, options),
    );
}
