// Defines the subcommands of sellers: arguments, options and help texts.

import { Argument, type Command, Option } from 'commander';
import { SELLER_REASON_LENGTH_MAX } from '../contracts/bounds.ts';
import { STANDINGS, TAKEN_DOWN, type TakenDown } from '../contracts/standings.ts';
import { integer, line, userId } from './arguments.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type {
  SellerOptions,
  SellersOptions,
  TakeDownOptions,
  TakeDownsOptions,
} from './sellers.ts';

const SELLERS_HELP = `
With LIVEDROPS_SELLERS=approved, creators who tried to sell are pending until they are
approved. Who is suspended makes no product and no drop. What is taken down is hidden
from lists and streams; its drops are paused, or cancelled with everything refunded.

Examples:
  livedrops sellers
  livedrops sellers approve u_7
  livedrops sellers suspend u_7 --reason "fakes" --pause
  livedrops sellers take-down drop d_7 --cancel
  livedrops sellers restore drop d_7
${SERVER_HELP}`;

const LISTED_MAX = 50_000;

export function addSellerCommands(livedrops: Command): void {
  const sellers = livedrops
    .command('sellers')
    .description('approve or suspend creators, take down creators, products and drops')
    .addHelpText('after', SELLERS_HELP);
  connecting(sellers.command('list', { isDefault: true }).description('list creators'))
    .addOption(
      new Option('--standing <standing>', 'how they stand').choices(STANDINGS).default('pending'),
    )
    .option('--limit <n>', 'at most this many', integer(1, LISTED_MAX), 100)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .action(async (options: SellersOptions) => (await import('./sellers.ts')).sellers(options));
  for (const [name, standing, description] of [
    ['approve', 'approved', 'let a creator sell'],
    ['suspend', 'suspended', 'let a creator sell nothing new'],
    ['reset', 'none', 'neither approved nor suspended'],
  ] as const) {
    const command = connecting(sellers.command(name).description(description))
      .argument('<creator>', 'id of the creator', userId)
      .option('--reason <text>', 'why, for operators', line(SELLER_REASON_LENGTH_MAX));
    if (standing === 'suspended') command.option('--pause', 'pause drops that are not over');
    command.action(async (creatorId: string, options: SellerOptions) =>
      (await import('./sellers.ts')).changeSeller(creatorId, standing, options),
    );
  }
  addTakeDowns(sellers);
}

function addTakeDowns(sellers: Command): void {
  const ofOne = (name: string, description: string): Command =>
    connecting(sellers.command(name).description(description))
      .addArgument(new Argument('<of>', 'what it is').choices(TAKEN_DOWN))
      .argument('<id>', 'its id', userId);
  ofOne('take-down', 'hide a creator, a product or a drop, and stop its drops')
    .option('--reason <text>', 'why, for operators', line(SELLER_REASON_LENGTH_MAX))
    .option('--cancel', 'cancel drops, which refunds everything, instead of pausing them')
    .action(async (of: TakenDown, id: string, options: TakeDownOptions) =>
      (await import('./sellers.ts')).takeDown(of, id, options),
    );
  ofOne('restore', 'show it again; drops that are paused stay so').action(
    async (of: TakenDown, id: string, options: TakeDownOptions) =>
      (await import('./sellers.ts')).restore(of, id, options),
  );
  connecting(sellers.command('take-downs').description('list what is taken down, newest first'))
    .addArgument(new Argument('<of>', 'what it is').choices(TAKEN_DOWN))
    .option('--limit <n>', 'at most this many', integer(1, LISTED_MAX), 100)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .action(async (of: TakenDown, options: TakeDownsOptions) =>
      (await import('./sellers.ts')).takeDowns(of, options),
    );
}
