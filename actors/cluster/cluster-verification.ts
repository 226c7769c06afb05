// Verifies all shards of a cluster while it sells: each node verifies those it serves, and what
// moves meanwhile is asked of its next owner, until every shard was looked at once.

import type { Clock } from '../clock.ts';
import type { OwnerDirectory } from './placement-watch.ts';
import type { ShardsVerified } from '../shard/verification.ts';
import type { VerifyReport } from '../../contracts/operator.ts';

/** Shards that nobody serves, or that keep moving, get this many looks. */
const ROUNDS_MAX = 40;
const ROUND_DELAY_MS = 250;

export interface ClusterVerificationOptions {
  readonly shardCount: number;
  readonly owners: OwnerDirectory;
  /** Asks one node. Rejects where it does not answer. */
  readonly ask: (nodeId: string, shards: readonly number[]) => Promise<ShardsVerified>;
  readonly clock: Clock;
}

/** Never rejects: a node that does not answer, or a shard that nobody serves, is a finding. */
export async function verifyCluster(options: ClusterVerificationOptions): Promise<VerifyReport> {
  const left = new Set(Array.from({ length: options.shardCount }, (_, shard) => shard));
  const totals = { shards: 0, entries: 0, drops: 0, orders: 0 };
  const findings: string[] = [];
  let trouble: string[] = [];
  for (let round = 0; round < ROUNDS_MAX && left.size > 0; round++) {
    if (round > 0) await new Promise<void>((done) => options.clock.after(ROUND_DELAY_MS, done));
    trouble = [];
    const asked = [...byOwner(left, options.owners)].map(async ([nodeId, shards]) => {
      try {
        const report = await options.ask(nodeId, shards);
        for (const shard of report.verified) left.delete(shard);
        for (const name of ['shards', 'entries', 'drops', 'orders'] as const)
          totals[name] += report[name];
        findings.push(...report.findings);
      } catch (error) {
        trouble.push(`${nodeId} did not verify: ${(error as Error).message}`);
      }
    });
    await Promise.all(asked);
  }
  if (left.size > 0)
    findings.push(`nobody serves the shards ${[...left].sort((a, b) => a - b).join(', ')}`);
  if (left.size > 0) findings.push(...trouble);
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
