// Defines the subcommands of bans: arguments, options and help texts.

import type { Command } from 'commander';
import { SELLER_REASON_LENGTH_MAX } from '../contracts/bounds.ts';
import { duration, integer, line, userId } from './arguments.ts';
import type { BanOptions, BansOptions, UnbanOptions } from './bans.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';

const BAN_HELP = `
Orders of the user are refused within a second, on every node, and holds are let go.
Bans of operators are everywhere; a creator's own bans are listed with --creator.

Examples:
  livedrops ban u_7 --reason "resold tickets" --for 30d
  livedrops ban u_7 --refund
  livedrops unban u_7
  livedrops bans --creator u_1
${SERVER_HELP}`;

const BANS_MAX = 100_000;

export function addBanCommands(livedrops: Command): void {
  connecting(livedrops.command('ban').description('ban a user everywhere, or change a ban'))
    .argument('<user>', 'id of the user', userId)
    .option('--reason <text>', 'why, for operators', line(SELLER_REASON_LENGTH_MAX))
    .option('--for <time>', 'its length, such as 12h or 30d; without it, for good', duration)
    .option('--refund', 'refund the confirmed orders of the user, too')
    .option('--no-restock', 'units of refunded orders are not for sale again')
    .addHelpText('after', BAN_HELP)
    .action(async (user: string, options: BanOptions) =>
      (await import('./bans.ts')).ban(user, options),
    );
  connecting(livedrops.command('unban').description('lift the ban of a user'))
    .argument('<user>', 'id of the user', userId)
    .addHelpText('after', SERVER_HELP)
    .action(async (user: string, options: UnbanOptions) =>
      (await import('./bans.ts')).unban(user, options),
    );
  connecting(livedrops.command('bans').description('list banned users, newest first'))
    .option('--creator <user>', 'those whom this creator has banned', userId)
    .option('--limit <n>', 'at most this many', integer(1, BANS_MAX), 100)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText('after', SERVER_HELP)
    .action(async (options: BansOptions) => (await import('./bans.ts')).bans(options));
}
