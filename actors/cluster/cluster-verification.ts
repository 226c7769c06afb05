// Verifies all shards of a cluster while it sells. Each node verifies the shards that it serves. A
// shard that moved meanwhile is verified by its next owner, until each shard is verified once.

import type { Clock } from '../clock.ts';
import type { OwnerDirectory } from './placement-watch.ts';
import type { ShardsVerified, VerifyReport } from '../../contracts/operator.ts';

/** Shards that no node serves, or that keep moving, are tried in this many rounds. */
const ROUNDS_MAX = 40;
const ROUND_DELAY_MS = 250;

export interface ClusterVerificationOptions {
  readonly shardCount: number;
  readonly owners: OwnerDirectory;
  /** Lets one node verify the shards. Rejects if the node does not answer. */
  readonly ask: (nodeId: string, shards: readonly number[]) => Promise<ShardsVerified>;
  readonly clock: Clock;
}

/** Never rejects: a node that does not answer, or a shard that no node serves, is a finding. */
export async function verifyCluster(options: ClusterVerificationOptions): Promise<VerifyReport> {
  const unverified = new Set(Array.from({ length: options.shardCount }, (_, shard) => shard));
  const totals = { shards: 0, entries: 0, drops: 0, orders: 0 };
  const findings: string[] = [];
  let failures: string[] = [];
  for (let round = 0; round < ROUNDS_MAX && unverified.size > 0; round++) {
    if (round > 0) await new Promise<void>((done) => options.clock.after(ROUND_DELAY_MS, done));
    failures = [];
    const requests = [...byOwner(unverified, options.owners)].map(async ([nodeId, shards]) => {
      try {
        const report = await options.ask(nodeId, shards);
        for (const shard of report.verified) unverified.delete(shard);
        for (const name of ['shards', 'entries', 'drops', 'orders'] as const)
          totals[name] += report[name];
        findings.push(...report.findings);
      } catch (error) {
        failures.push(`${nodeId} did not verify: ${(error as Error).message}`);
      }
    });
    await Promise.all(requests);
  }
  if (unverified.size > 0)
    findings.push(`nobody serves the shards ${[...unverified].sort((a, b) => a - b).join(', ')}`);
  if (unverified.size > 0) findings.push(...failures);
  return { ok: findings.length === 0, ...totals, findings };
}

function byOwner(shards: ReadonlySet<number>, owners: OwnerDirectory): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const shard of shards) {
    const owner = owners.ownerOf(shard);
    if (owner === null) continue;
    const group = groups.get(owner);
    if (group === undefined) groups.set(owner, [shard]);
    else group.push(shard);
  }
  return groups;
}
