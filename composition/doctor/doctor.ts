// All checks of a set-up that need no running server. It makes and stores nothing: a first start
// finds everything as it was.

import { loadStoredConfig, type Config } from '../config.ts';
import { ConfigError } from '../process-environment.ts';
import { type Check, fail, type Finding, ok, runChecks, warn } from './check.ts';
import { diskChecks } from './disk-checks.ts';
import { hostChecks } from './host-checks.ts';
import { networkChecks } from './network-checks.ts';
import { storeChecks } from './store-checks.ts';

/** With settings that are not valid, what stands on them is not checked. */
export async function examine(): Promise<Finding[]> {
  const host = await runChecks(hostChecks());
  let config: Config;
  try {
    config = loadStoredConfig({ signs: false });
  } catch (error) {
    return [...host, ...settingProblems(error)];
  }
  const checks: readonly Check[] = [
    { name: 'settings', run: () => [ok('settings', profileOf(config))] },
    { name: 'secrets', run: () => secretFindings(config) },
    ...diskChecks(config),
    ...storeChecks(config),
    ...networkChecks(config),
  ];
  return [...host, ...(await runChecks(checks))];
}

function settingProblems(error: unknown): Finding[] {
  const problems = error instanceof ConfigError ? error.problems : [(error as Error).message];
  return problems.map((problem) => fail('settings', problem, '`livedrops config` lists them all'));
}

function profileOf({ natsUrl, nodeId, roles }: Config): string {
  return natsUrl === null
    ? 'valid, for one node alone'
    : `valid, for node ${nodeId} of a cluster (${roles.join(', ')})`;
}

/** Where secrets come from. That a cluster has those that it must have, its settings check. */
export function secretFindings({
  natsUrl,
  authSecrets,
  authSecretFile,
  detailsSecrets,
  passSecrets,
}: Pick<
  Config,
  'natsUrl' | 'authSecrets' | 'authSecretFile' | 'detailsSecrets' | 'passSecrets'
>): Finding[] {
  const name = 'secrets';
  const findings: Finding[] = [];
  if (authSecretFile === null)
    findings.push(ok(name, 'tokens are signed by LIVEDROPS_AUTH_SECRET'));
  else if (natsUrl === null && authSecrets.length === 0)
    findings.push(ok(name, 'the first start makes them'));
  if (natsUrl === null) return findings;
  const all = 'give all nodes the same';
  if (detailsSecrets.length === 0)
    findings.push(warn(name, 'LIVEDROPS_DETAILS_SECRET is not set: no details are taken', all));
  if (passSecrets.length === 0)
    findings.push(warn(name, 'LIVEDROPS_PASS_SECRET is not set: there are no passes', all));
  return findings;
}
