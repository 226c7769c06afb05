// Defines the subcommands of who is an operator: arguments, options and help texts.

import type { Command } from 'commander';
import { email } from './arguments.ts';
import { connecting, SERVER_HELP } from './connecting-command.ts';
import type { AddOperatorOptions, RemoveOperatorOptions } from './operator-accounts.ts';
import type { ListOptions } from './show-list.ts';

const OPERATOR_HELP = `
Operators log in at /v1/auth/login with their password and a code of the second factor,
and use the access token with --token. \`add\` makes the account where there is none. Added
once more, an operator gets another second factor, for a lost device. Each change ends
the sessions of the account, and is recorded.

Examples:
  livedrops operator add ada@example.com
  livedrops operator add kim@example.com --auditor
  livedrops operator remove ada@example.com`;

export function addOperatorAccounts(livedrops: Command): void {
  const operator = livedrops
    .command('operator')
    .description('add, list or remove the accounts of operators')
    .addHelpText('after', OPERATOR_HELP);
  const ofOne = (name: string, description: string): Command =>
    connecting(operator.command(name).description(description))
      .argument('<e-mail>', 'address of the account', email)
      .addHelpText('after', SERVER_HELP);
  ofOne('add', 'make an account an operator’s, with a new second factor')
    .option('--auditor', 'an auditor, who sees everything and changes nothing')
    .action(async (address: string, options: AddOperatorOptions) =>
      (await import('./operator-accounts.ts')).addOperator(address, options),
    );
  connecting(operator.command('list').description('list operators and auditors'))
    .addHelpText('after', SERVER_HELP)
    .action(async (options: ListOptions) =>
      (await import('./operator-accounts.ts')).listOperators(options),
    );
  ofOne('remove', 'take the role away; the account stays').action(
    async (address: string, options: RemoveOperatorOptions) =>
      (await import('./operator-accounts.ts')).removeOperator(address, options),
  );
}
