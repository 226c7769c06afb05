// Defines the subcommands of outgoing webhooks: arguments, options and help texts.

import { type Command, Option } from 'commander';
import { DELIVERY_STATES } from '../contracts/delivery-states.ts';
import { integer } from './arguments.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { DeliveriesOptions, WebhooksOptions } from './webhooks.ts';

const LISTED_MAX = 20_000;
const LISTED_DEFAULT = 100;

const WEBHOOKS_HELP = `
Creators' own systems are called with what happens to their drops and orders. A call that
fails is tried again for 24 hours; a webhook that takes none is then disabled, and its
creator has a mail. One that an operator disables its creator cannot enable again. Both
changes are recorded and harmless to repeat.

Examples:
  livedrops webhooks
  livedrops webhooks deliveries wh_07_01kb9c0q0example0000000 --state failed
  livedrops webhooks resend wh_07_01kb9c0q0example0000000 12
  livedrops webhooks disable wh_07_01kb9c0q0example0000000`;

export function addWebhookCommands(livedrops: Command): void {
  const webhooks = livedrops
    .command('webhooks')
    .description('list the webhooks of creators and their deliveries, resend one, or disable one')
    .addHelpText('after', WEBHOOKS_HELP);
  connecting(webhooks.command('list', { isDefault: true }).description('list all webhooks'))
    .option('--limit <n>', 'number of webhooks', integer(1, LISTED_MAX), LISTED_DEFAULT)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText('after', SERVER_HELP)
    .action(async (options: WebhooksOptions) => (await import('./webhooks.ts')).webhooks(options));
  connecting(webhooks.command('deliveries').description('list deliveries, newest first'))
    .argument('<id>', 'webhook id')
    .addOption(new Option('--state <state>', 'only those in this state').choices(DELIVERY_STATES))
    .option('--limit <n>', 'number of deliveries', integer(1, LISTED_MAX), LISTED_DEFAULT)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText('after', SERVER_HELP)
    .action(async (id: string, options: DeliveriesOptions) =>
      (await import('./webhooks.ts')).deliveries(id, options),
    );
  connecting(webhooks.command('resend').description('have a delivery sent again'))
    .argument('<id>', 'webhook id')
    .argument('<delivery>', 'delivery id')
    .addHelpText('after', SERVER_HELP)
    .action(async (id: string, delivery: string, options: WebhooksOptions) =>
      (await import('./webhooks.ts')).resend(id, delivery, options),
    );
  connecting(webhooks.command('disable').description('disable a webhook'))
    .argument('<id>', 'webhook id')
    .addHelpText('after', SERVER_HELP)
    .action(async (id: string, options: WebhooksOptions) =>
      (await import('./webhooks.ts')).disable(id, options),
    );
}
