// The options of every command that calls running nodes, and the help text on which node that is.

import { type Command, Option } from 'commander';
import { serverUrl } from './arguments.ts';

export const SERVER_HELP = `
Calls the server at --url: by default the server that runs on LIVEDROPS_DATA, or
else the one at LIVEDROPS_ADMIN_HOST and LIVEDROPS_ADMIN_PORT, or, without these,
at LIVEDROPS_HOST and LIVEDROPS_PORT. Without --token, signs a token
with LIVEDROPS_AUTH_SECRET, or else with the secret stored in LIVEDROPS_DATA.`;

/** With the options of every command that calls a server. */
export function connecting(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'a node of the cluster').argParser(serverUrl))
    .option('--token <token>', 'an access token with the operator role')
    .option('--json', 'print JSON');
}
