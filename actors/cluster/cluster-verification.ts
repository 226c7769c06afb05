// Verifies all shards of a cluster while it sells. Each node verifies the shards that it serves. A
// shard that moved meanwhile is verified by its next owner, until each shard is verified once.

import type { Clock } from '../clock.ts';
import type { OwnerDirectory } from './placement-watch.ts';
import type { RunProgress, ShardsVerified, VerifyReport } from '../../contracts/operator.ts';
import type { RunContext } from '../run-context.ts';

/** Shards that no node serves, or that keep moving, are tried in this many rounds. */
const ROUNDS_MAX = 40;
const ROUND_DELAY_MS = 250;

export interface ClusterVerificationOptions {
  readonly shardCount: number;
  readonly owners: OwnerDirectory;
  /** Lets one node verify the shards. Rejects if the node does not answer. */
  readonly ask: (
    nodeId: string,
    shards: readonly number[],
    run: RunContext,
  ) => Promise<ShardsVerified>;
  readonly clock: Clock;
}

/**
 * A node that does not answer, or a shard that no node serves, is a finding. Errors: only the
 * reason of the run's signal.
 */
export async function verifyCluster(
  options: ClusterVerificationOptions,
  { signal, progress }: RunContext,
): Promise<VerifyReport> {
  const unverified = new Set(Array.from({ length: options.shardCount }, (_, shard) => shard));
  const totals = { shards: 0, entries: 0, drops: 0, orders: 0 };
  const findings: string[] = [];
  let failures: string[] = [];
  for (let round = 0; round < ROUNDS_MAX && unverified.size > 0; round++) {
    if (round > 0) await new Promise<void>((done) => options.clock.after(ROUND_DELAY_MS, done));
    signal.throwIfAborted();
    failures = [];
    const nodes = new NodesProgress(progress);
    const requests = [...byOwner(unverified, options.owners)].map(async ([nodeId, shards]) => {
      try {
        const run = { signal, progress: nodes.of(nodeId) };
        const report = await options.ask(nodeId, shards, run);
        for (const shard of report.verified) unverified.delete(shard);
        for (const name of ['shards', 'entries', 'drops', 'orders'] as const)
          totals[name] += report[name];
        findings.push(...report.findings);
      } catch (error) {
        signal.throwIfAborted();
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

const PHASES = ['drops', 'lists', 'rows'] as const;

/** The progress of several nodes as one: of the first phase that one of them is in. */
class NodesProgress {
  readonly #progress: RunContext['progress'];
  /** By node: its last progress in each phase, and the phase that it is in. */
  readonly #nodes = new Map<
    string,
    { phases: Map<RunProgress['phase'], RunProgress>; at: number }
  >();

  constructor(progress: RunContext['progress']) {
    this.#progress = progress;
  }

  of(nodeId: string): RunContext['progress'] {
    const phases = new Map<RunProgress['phase'], RunProgress>();
    const node = { phases, at: 0 };
    this.#nodes.set(nodeId, node);
    return (now) => {
      node.at = PHASES.indexOf(now.phase);
      phases.set(now.phase, now);
      this.#tell();
    };
  }

  #tell(): void {
    const nodes = [...this.#nodes.values()];
    const at = Math.min(...nodes.map((node) => node.at));
    const phase = PHASES[at]!;
    const sum = { shards: 0, shardsDone: 0, total: 0, done: 0 };
    for (const node of nodes) {
      const of = node.phases.get(phase);
      if (of === undefined) continue;
      const isPast = node.at > at;
      sum.shards += of.shards;
      sum.shardsDone += isPast ? of.shards : of.shardsDone;
      sum.total += of.total;
      sum.done += isPast ? of.total : of.done;
    }
    this.#progress({ phase, ...sum });
  }
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
