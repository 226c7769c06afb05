// Defines the subcommands of payments that operators must look at, and of refunds that the payment
// provider did not make: arguments, options and help texts.

import { type Command, Option } from 'commander';
import { REFUND_REASON_LENGTH_MAX } from '../contracts/bounds.ts';
import { PROBLEM_KINDS } from '../contracts/problem-kinds.ts';
import { REFUND_STATES } from '../contracts/refund-states.ts';
import { integer, line, refundId } from './arguments.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { PaymentsOptions } from './payments.ts';
import type { RefundChangeOptions, RefundsOptions } from './refunds.ts';

const REFUNDS_LISTED_MAX = 20_000;
const PAYMENTS_LISTED_MAX = 30_000;

const PAYMENTS_HELP = `
\`rejected\`: it did not pay for its order, and is open until the provider tells that it
is refunded. \`disputed\`: its payer wants it back; open until it is won or lost.
\`voided\`: it was authorised and never captured, and its order failed.

Examples:
  livedrops payments --open
  livedrops payments --kind disputed`;

const REFUNDS_HELP = `
A refund is parked when the provider refuses it for good, or never answers. One that
was refused is attempted again only by \`refunds retry\`; the others by themselves,
ever more rarely. Both changes are recorded and harmless to repeat.

Examples:
  livedrops refunds --state parked
  livedrops refunds retry rf_0123456789abcdef01234567
  livedrops refunds dismiss rf_0123456789abcdef01234567 --reason "paid back by hand"`;

export function addPaymentCommands(livedrops: Command): void {
  addPayments(livedrops);
  addRefunds(livedrops);
}

function addPayments(livedrops: Command): void {
  connecting(
    livedrops
      .command('payments')
      .description('list the payments of all drops that operators must look at, newest first'),
  )
    .addOption(new Option('--kind <kind>', 'only those of this kind').choices(PROBLEM_KINDS))
    .option('--open', 'only those that are open')
    .option('--limit <n>', 'number of payments', integer(1, PAYMENTS_LISTED_MAX), 100)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText('after', `${PAYMENTS_HELP}\n${SERVER_HELP}`)
    .action(async (options: PaymentsOptions) => (await import('./payments.ts')).payments(options));
}

function addRefunds(livedrops: Command): void {
  const refunds = livedrops
    .command('refunds')
    .description('list refunds that the payment provider did not make, or settle one')
    .addHelpText('after', REFUNDS_HELP);
  connecting(
    refunds.command('list', { isDefault: true }).description('list the refunds, newest first'),
  )
    .addOption(new Option('--state <state>', 'only refunds in this state').choices(REFUND_STATES))
    .option('--limit <n>', 'number of refunds', integer(1, REFUNDS_LISTED_MAX), 100)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText('after', SERVER_HELP)
    .action(async (options: RefundsOptions) => (await import('./refunds.ts')).refunds(options));
  const changing = (name: string, description: string): Command =>
    connecting(refunds.command(name).description(description))
      .argument('<id>', 'refund id', refundId)
      .option('--dry-run', 'only print what the refund would be')
      .addHelpText('after', SERVER_HELP);
  changing('retry', 'have a refund attempted again, within a second or two').action(
    async (id: string, options: RefundChangeOptions) =>
      (await import('./refunds.ts')).retryRefund(id, options),
  );
  changing('dismiss', 'settle a refund without the provider: it is not attempted again')
    .addOption(
      new Option('--reason <text>', 'why, for the record')
        .argParser(line(REFUND_REASON_LENGTH_MAX))
        .makeOptionMandatory(),
    )
    .action(async (id: string, options: RefundChangeOptions & { reason: string }) =>
      (await import('./refunds.ts')).dismissRefund(id, options),
    );
}
