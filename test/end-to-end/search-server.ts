// A server that searches: other suites go without, because an index costs each node some threads.

import type { Environment, Profile } from './sale-nodes.ts';
import { type Answer, eventually, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

/** For a machine that is busy with other tests. */
const WAIT_MAX_MS = 60_000;

/** Resolves when the indexes of all nodes are complete. */
export async function startSearchServer(
  profile: Profile,
  environment: Environment = {},
): Promise<SaleServer> {
  const roles = { LIVEDROPS_ROLES: 'gateway,actors,services,search' };
  const server = await SaleServer.start(profile, { ...roles, ...environment });
  await onBoth(
    () => server.get('/readyz'),
    ({ json }) => (json['search'] as Json | null)?.['isBuilding'] === false,
  );
  return server;
}

/** Repeats a read until both gateways, which take turns, match. */
export async function onBoth(
  read: () => Promise<Answer>,
  matches: (answer: Answer) => boolean,
): Promise<Answer> {
  const both = async () => [await read(), await read()] as const;
  const [answer] = await eventually(both, (all) => all.every(matches), WAIT_MAX_MS);
  return answer;
}
