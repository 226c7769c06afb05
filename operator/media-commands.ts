// Defines the subcommands of pictures and films: arguments, options and help texts.

import type { Command } from 'commander';
import { SELLER_REASON_LENGTH_MAX } from '../contracts/bounds.ts';
import { line, userId } from './arguments.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { MediaOptions } from './media.ts';

const MEDIA_HELP = `
What is removed is nobody's any more, also where a product shows it. Removals are recorded.

Examples:
  livedrops media show m_7
  livedrops media remove m_7 --reason "somebody else's picture"
${SERVER_HELP}`;

export function addMediaCommands(livedrops: Command): void {
  const media = livedrops
    .command('media')
    .description('show a picture or a film of anybody, or remove it')
    .addHelpText('after', MEDIA_HELP);
  connecting(media.command('show').description('show what is known of it'))
    .argument('<id>', 'its id', userId)
    .action(async (id: string, options: MediaOptions) =>
      (await import('./media.ts')).showMedia(id, options),
    );
  connecting(media.command('remove').description('remove it'))
    .argument('<id>', 'its id', userId)
    .option('--reason <text>', 'why, for operators', line(SELLER_REASON_LENGTH_MAX))
    .action(async (id: string, options: MediaOptions) =>
      (await import('./media.ts')).removeMedia(id, options),
    );
}
