// Defines the subcommands of pushes: arguments and help texts.

import type { Command } from 'commander';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { ListOptions } from './show-list.ts';

const PUSH_HELP = `
Push services are told who sends by a key (VAPID), made at the first start and kept in the
store. A browser's subscription is for the key that it was made for. After \`rotate\` new
subscriptions are for a new key, and the ones before are served on; \`remove\` ends those
of an old key. Each change is recorded.

Examples:
  livedrops push keys
  livedrops push rotate
  livedrops push remove pWl3vQ6hXoYj`;

export function addPushCommands(livedrops: Command): void {
  const push = livedrops
    .command('push')
    .description('list, rotate or remove the keys of pushes')
    .addHelpText('after', PUSH_HELP);
  connecting(push.command('keys').description('list the keys, the present one first'))
    .addHelpText('after', SERVER_HELP)
    .action(async (options: ListOptions) => (await import('./push.ts')).pushKeys(options));
  connecting(push.command('rotate').description('make a new key for new subscriptions'))
    .addHelpText('after', SERVER_HELP)
    .action(async (options: ListOptions) => (await import('./push.ts')).rotatePushKeys(options));
  connecting(push.command('remove').description('remove an old key, and end its subscriptions'))
    .argument('<key>', 'its id')
    .addHelpText('after', SERVER_HELP)
    .action(async (keyId: string, options: ListOptions) =>
      (await import('./push.ts')).removePushKey(keyId, options),
    );
}
