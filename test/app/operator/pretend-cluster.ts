// A cluster without nodes, for operators' tests: the real use cases over a placement in memory. The
// test moves shards one step at a time and sets the nodes' reports.

import { MemoryRequests } from '../../../storage/memory/requests-memory.ts';
import { systemClock } from '../../../actors/clock.ts';
import type { NodeReport } from '../../../actors/node-report.ts';
import type { AuditEntry, NewAuditEntry } from '../../../contracts/audit.ts';
import type { ShardReport, MoveRecord } from '../../../contracts/operator.ts';
import { assignmentOf } from '../../../actors/cluster/assignment.ts';
import { Operators, type OperatorsOptions } from '../../../app/operator/operators.ts';
import type { OperatorAlarmsOptions } from '../../../app/operator/alarms.ts';
import type { OperatorCachesOptions } from '../../../app/operator/caches.ts';
import type { CacheEviction, NodeCaches } from '../../../contracts/caches.ts';
import type { OperatorLedgerOptions } from '../../../app/operator/ledger.ts';
import type { OperatorPushKeysOptions } from '../../../app/operator/push-keys.ts';
import type { OperatorMediaOptions } from '../../../app/operator/media.ts';
import type { OperatorSearchOptions } from '../../../app/operator/search.ts';
import type { Media } from '../../../contracts/media.ts';
import type { OperatorWebhooksOptions } from '../../../app/operator/webhooks.ts';
import type { Outcome } from '../../../contracts/refusals.ts';
import type { SearchNode } from '../../../contracts/search.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import { OperatorRuns, type OtherRuns } from '../../../app/operator/runs.ts';
import { ownersOf } from '../../../app/operator/view.ts';
import { MemoryAuditLog } from '../../../storage/memory/audit-log-memory.ts';
import { MemoryJobStore } from '../../../storage/memory/jobs-memory.ts';
import { MemoryJournal } from '../../../storage/memory/journal-memory.ts';
import { MemoryLedgerStore } from '../../../storage/memory/ledger-memory.ts';
import { MemoryWebhooks } from '../../../storage/memory/webhooks-memory.ts';
import { MemoryConsumerPositions } from '../../../storage/memory/consumer-positions-memory.ts';
import { MemoryVapidKeys } from '../../../storage/memory/vapid-keys-memory.ts';
import { MemoryPaymentProblems } from '../../../storage/memory/payment-problems-memory.ts';
import { MemoryParkedRefunds } from '../../../storage/memory/parked-refunds-memory.ts';
import { MemoryPlacementStore } from '../../../storage/memory/placement-memory.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../../storage/ports/feature-level.ts';
import { shardOf } from '../../../domain/ids.ts';
import type { NodeSession } from '../../../storage/ports/placement.ts';
import { NOW } from '../../services/harness.ts';

/** For a node alone. */
export const NO_OTHER_RUNS: OtherRuns = {
  follow: async () => null,
  cancel: async () => false,
  list: async () => [],
};

export const SHARDS = 16;
export const BLACKOUT_MS = 12;
const TTL_MS = 3_000;
const EVERY_SHARD = Array.from({ length: SHARDS }, (_, shard) => shard);

/** An audit log that exposes its records and fails as the test sets. */
class PretendLog extends MemoryAuditLog {
  readonly actions: AuditEntry[] = [];
  fault: Error | null = null;

  override async append(entry: NewAuditEntry): Promise<AuditEntry> {
    if (this.fault !== null) throw this.fault;
    const kept = await super.append(entry);
    this.actions.push(kept);
    return kept;
  }
}

export class PretendCluster {
  readonly placement = new MemoryPlacementStore({ now: () => this.time });
  readonly log = new PretendLog();
  readonly parkedRefunds = new MemoryParkedRefunds();
  readonly paymentProblems = new MemoryPaymentProblems({
    positions: new MemoryConsumerPositions(),
  });
  readonly jobs = new MemoryJobStore();
  readonly webhooks = new MemoryWebhooks();
  /** Webhooks whose jobs were woken. */
  readonly woken: string[] = [];
  time = NOW;
  /** Orders a second by shard. */
  readonly rates = new Map<number, number>();
  /** Nodes that never reply. */
  readonly silent = new Set<string>();
  /** Nodes that got a restart. */
  readonly restarted: string[] = [];
  /** Quarantined drops, with the node that quarantined them. */
  readonly quarantined = new Map<string, string>();
  /** Since when all of them are. */
  quarantinedAt = NOW;
  /** The outcome of the next move of a shard, where it fails. */
  readonly failing = new Map<number, MoveRecord['result']>();
  /** Shards that move after each poll of the moves, where a test lets polls move them. */
  movesALook = 1;
  /** A restarted node comes back as another run. */
  comesBack = true;
  /** A restarted node ends. */
  ends = true;
  /** What `searchNodes` shows. */
  searchNodes: readonly SearchNode[] = [];
  /** What `gatewayCaches` shows. */
  caches: readonly NodeCaches[] = [];
  /** What was evicted from all gateways. */
  readonly evictions: CacheEviction[] = [];
  /** Pictures and films by their ids. */
  readonly media = new Map<string, Media>();
  readonly vapidKeys = new MemoryVapidKeys();
  readonly ledgerStore = new MemoryLedgerStore();
  options!: OperatorsOptions &
    OperatorSearchOptions &
    OperatorCachesOptions &
    OperatorAlarmsOptions &
    OperatorMediaOptions &
    OperatorLedgerOptions &
    OperatorPushKeysOptions &
    OperatorWebhooksOptions;
  operators!: Operators;
  readonly #sessions = new Map<string, NodeSession>();
  /** Incarnations that got a restart. */
  readonly #ending = new Set<string>();
  #runs = 0;
  #moves = 0;

  /** A cluster of these living nodes, with every shard at its target. */
  static async start(
    nodeIds: readonly string[],
    options: Partial<OperatorsOptions> = {},
  ): Promise<PretendCluster> {
    const cluster = new PretendCluster();
    await cluster.placement.fixShardCount(SHARDS, FEATURE_LEVEL);
    for (const nodeId of nodeIds) await cluster.join(nodeId);
    await cluster.step(SHARDS);
    cluster.options = {
      runs: new OperatorRuns({ clock: systemClock, leases: null, others: NO_OTHER_RUNS }),
      verify: () => Promise.reject(new Error('nothing is verified here')),
      rebuild: () => Promise.reject(new Error('nothing is rebuilt here')),
      placement: cluster.placement,
      self: () => cluster.session(nodeIds[0]!),
      log: cluster.log,
      webhooks: cluster.webhooks,
      webhookJobs: { wake: (webhookId) => void cluster.woken.push(webhookId) },
      parkedRefunds: cluster.parkedRefunds,
      paymentProblems: cluster.paymentProblems,
      jobs: cluster.jobs,
      vapidKeys: cluster.vapidKeys,
      nodeMeasures: { read: async () => new Map() },
      monotonic: () => cluster.time,
      ledgerStore: cluster.ledgerStore,
      storedLedger: null,
      journal: new MemoryJournal(),
      router: { send: async () => refusal('not-found'), submit: () => undefined },
      requests: new MemoryRequests(),
      levels: new ReachedLevel(FEATURE_LEVEL),
      reportOf: (nodeId) => cluster.#report(nodeId),
      restartNode: (nodeId, incarnation) => cluster.#restart(nodeId, incarnation),
      releaseDrop: async (nodeId, dropId, since) => {
        if (cluster.silent.has(nodeId)) return null;
        if (since !== cluster.quarantinedAt) return false;
        return cluster.quarantined.get(dropId) === nodeId && cluster.quarantined.delete(dropId);
      },
      searchNodes: {
        list: async () => cluster.searchNodes,
        rebuild: async (nodeId) => cluster.#rebuildSearch(nodeId),
      },
      media: {
        find: async (mediaId) => cluster.media.get(mediaId) ?? null,
        replace: async ({ id, revision }, after) => {
          if (cluster.media.get(id)?.revision !== revision) return false;
          if (after === null) cluster.media.delete(id);
          else cluster.media.set(id, after);
          return true;
        },
      },
      gatewayCaches: {
        list: async () => cluster.caches,
        evict: async (eviction) => {
          cluster.evictions.push(eviction);
          return cluster.caches.map(({ node, caches }) => {
            return { node, evicted: caches === null ? null : 3 };
          });
        },
      },
      shardCount: SHARDS,
      now: () => cluster.time,
      reportTimeoutMs: 20,
      ...options,
    };
    cluster.operators = new Operators(cluster.options);
    return cluster;
  }

  /** It has ended with the next look. */
  #rebuildSearch(nodeId: string): Outcome<null> {
    const found = this.searchNodes.find(({ node }) => node === nodeId);
    if (found === undefined) return refusal('not-found', `There is no node ${nodeId}.`);
    if (found.index === null) return refusal('unavailable');
    const index = { ...found.index, rebuilds: found.index.rebuilds + 1 };
    this.searchNodes = this.searchNodes.map((one) => (one === found ? { ...one, index } : one));
    return success(null);
  }

  session(nodeId: string): NodeSession {
    return this.#sessions.get(nodeId)!;
  }

  async join(nodeId: string, change: Partial<NodeSession> = {}): Promise<void> {
    this.#runs += 1;
    const session: NodeSession = {
      nodeId,
      incarnation: `run-${this.#runs}`,
      weight: 1,
      leaving: false,
      clockIsWrong: false,
      startedAt: this.time,
      url: null,
      liveShards: [],
      level: FEATURE_LEVEL,
      ...change,
    };
    this.#sessions.set(nodeId, session);
    await this.placement.renewSession(session, TTL_MS);
  }

  /** Removes a node's session: it is lost. */
  async lose(nodeId: string): Promise<void> {
    this.#sessions.delete(nodeId);
    this.time += TTL_MS;
    for (const session of this.#sessions.values()) {
      await this.placement.renewSession(session, TTL_MS);
    }
  }

  async owners(): Promise<(string | null)[]> {
    return ownersOf(await this.placement.load(), SHARDS);
  }

  async shardsOf(nodeId: string): Promise<number[]> {
    const owners = await this.owners();
    return EVERY_SHARD.filter((shard) => owners[shard] === nodeId);
  }

  /** Moves or claims shards that are not at their target, at most `movesMax` of them. */
  async step(movesMax: number): Promise<void> {
    const placement = await this.placement.load();
    const wanted = assignmentOf(placement, SHARDS);
    const owners = ownersOf(placement, SHARDS);
    const astray = EVERY_SHARD.filter((shard) => wanted[shard] !== owners[shard]);
    for (const shard of astray.slice(0, movesMax)) {
      const to = wanted[shard] ?? null;
      if (to === null) continue;
      const version = placement.shards.get(shard)?.version ?? 0;
      const from = owners[shard] ?? null;
      const target = this.session(to);
      if (from === null) {
        await this.placement.claimShard(shard, to, target.incarnation, version);
        continue;
      }
      const result = this.failing.get(shard) ?? 'done';
      if (result === 'done') {
        await this.placement.moveShard(shard, this.session(from), target, version);
      }
      await this.#record(shard, from, to, result);
    }
  }

  async #record(
    shard: number,
    from: string,
    to: string,
    result: MoveRecord['result'],
  ): Promise<void> {
    this.#moves += 1;
    await this.placement.recordMove({
      id: `move-${this.#moves}`,
      shard,
      from,
      to,
      startedAt: this.time - 100,
      endedAt: this.time,
      blackoutMs: BLACKOUT_MS,
      result,
      reason: result === 'done' ? 'It is wanted there.' : `${to} could not prepare.`,
    });
  }

  async #report(nodeId: string): Promise<NodeReport | null> {
    if (this.silent.has(nodeId)) return await new Promise(() => undefined);
    const { incarnation } = this.session(nodeId);
    const shards = (await this.shardsOf(nodeId)).map((shard) => this.#shardReport(nodeId, shard));
    return { nodeId, incarnation, leaseMs: 2_500, clockSkewMs: -3, outstandingCommands: 0, shards };
  }

  #shardReport(nodeId: string, shard: number): ShardReport {
    const quarantined = [...this.quarantined]
      .filter(([dropId, owner]) => owner === nodeId && shardOf(dropId, SHARDS) === shard)
      .map(([dropId]) => ({ dropId, since: this.quarantinedAt, reason: 'a defect' }));
    return {
      shard,
      status: 'serving',
      fault: null,
      quarantined,
      epoch: 3,
      sequence: 40 + shard,
      waiting: 0,
      drops: 2,
      liveDrops: 0,
      ordersPerSecond: this.rates.get(shard) ?? 0,
      relayLag: 1,
    };
  }

  async #restart(nodeId: string, incarnation: string): Promise<boolean> {
    if (this.silent.has(nodeId)) return false;
    if (this.session(nodeId).incarnation !== incarnation) return true;
    // A run that is about to end goes on ending.
    if (this.#ending.has(incarnation) && this.ends) return true;
    this.#ending.add(incarnation);
    this.restarted.push(nodeId);
    if (!this.ends) return true;
    await this.placement.endSession(nodeId, incarnation);
    this.time += 1;
    if (this.comesBack) await this.join(nodeId);
    return true;
  }
}
