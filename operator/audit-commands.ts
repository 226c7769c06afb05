// Defines `livedrops audit`: options and help text.

import { type Command, Option } from 'commander';
import { duration, integer } from './arguments.ts';
import type { AuditOptions } from './audit.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';

const LISTED_MAX = 20_000;
const LISTED_DEFAULT = 100;

export function addAuditCommand(livedrops: Command): void {
  connecting(
    livedrops
      .command('audit')
      .description('list what operators and creators changed, newest first'),
  )
    .option('--actor <id>', 'only changes by this user or API key')
    .option('--action <action>', 'only these changes, such as drops.cancel or drain')
    .option('--target <id>', 'only changes of this')
    .addOption(new Option('--since <time>', 'only the last 90s, 15m, 1h or 7d').argParser(duration))
    .option('--limit <n>', 'number of changes', integer(1, LISTED_MAX), LISTED_DEFAULT)
    .option('--watch', 'refresh each second, until Ctrl-C')
    .addHelpText(
      'after',
      `
--json has the fields that changed, the address and the request of each.

Examples:
  livedrops audit --since 1h
  livedrops audit --target d_01kb9c0q0example0000000 --json
${SERVER_HELP}`,
    )
    .action(async (options: AuditOptions) => (await import('./audit.ts')).audit(options));
}
