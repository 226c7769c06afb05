// Finds drops that should have changed by themselves and have not, though somebody serves them: a
// hold that has ended, an opening or a closing that is due (O11, D2). Who has just taken a shard
// over, or has a slow store, gets some time.

import { SHARDS, type SimulatedCluster, type SimulatedNode } from './simulated-cluster.ts';

const LATE_MS = 1_000;

interface Served {
  readonly node: SimulatedNode;
  readonly since: number;
}

export class LateDrops {
  readonly findings: string[] = [];
  readonly #cluster: SimulatedCluster;
  readonly #served = new Map<number, Served>();

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  look(): void {
    for (let shard = 0; shard < SHARDS; shard++) this.#lookAt(shard);
  }

  #lookAt(shard: number): void {
    const now = this.#cluster.clock.monotonic();
    const node = this.#cluster.nodes.find((one) => canServe(one) && one.serving.includes(shard));
    const served = this.#served.get(shard);
    if (node === undefined) this.#served.delete(shard);
    else if (served?.node !== node) this.#served.set(shard, { node, since: now });
    else if (now - served.since > LATE_MS) this.#inspect(node, shard);
  }

  #inspect(node: SimulatedNode, shard: number): void {
    const dueBefore = this.#cluster.clock.now() - LATE_MS;
    let isNow = true;
    const looked = node.host.shards[shard]!.inspect((drops) => {
      // Otherwise an entry was in flight, which may have been sent while the store was slow.
      if (!isNow) return;
      for (const state of drops.values()) {
        if (state.nextDeadline() >= dueBefore) continue;
        this.findings.push(
          `O11, D2: what was due in ${state.id} waits, and ${node.nodeId} serves it`,
        );
      }
    });
    isNow = false;
    // An entry that was in flight is lost.
    looked.catch(() => undefined);
  }
}

function canServe(node: SimulatedNode): boolean {
  const hasStore = !node.storeAway && node.losesAnswersOf.length === 0 && node.storeDelayMs === 0;
  return hasStore && !node.clock.paused && node.lease.valid();
}
