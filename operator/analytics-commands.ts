// Defines the subcommand of analytics: arguments and help texts.

import { type Command, Option } from 'commander';
import { ANALYTICS_STEPS } from '../contracts/analytics-steps.ts';
import type { AnalyticsOptions } from './analytics.ts';
import { dropId } from './arguments.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';

const ANALYTICS_HELP = `
What was sold equals the journals; views, tries and refusals are what gateways counted.
docs/ANALYTICS.md has what each figure is.

Examples:
  livedrops analytics dr_1 --step second
  livedrops analytics dr_1 --json`;

export function addAnalyticsCommand(livedrops: Command): void {
  connecting(livedrops.command('analytics').description('show what was sold and seen of a drop'))
    .argument('<drop>', 'drop id', dropId)
    .addOption(
      new Option('--step <step>', 'rows of this length; minute by default').choices(
        ANALYTICS_STEPS,
      ),
    )
    .addHelpText('after', `${ANALYTICS_HELP}\n${SERVER_HELP}`)
    .action(async (id: string, options: AnalyticsOptions) =>
      (await import('./analytics.ts')).analytics(id, options),
    );
}
