// The chaos test of a cluster: clients at every gateway during a seeded sequence of faults. After
// the last fault every client's history is compared with the journals in Redis.

import { ENTRY_AHEAD_MAX_MS } from '../../actors/cluster/store-clock.ts';
import { UNWATCHED } from '../../actors/run-context.ts';
import type { VerifyReport } from '../../contracts/operator.ts';
import { runOnServer } from '../../operator/run.ts';
import { Caller } from './caller.ts';
import { check } from './checker.ts';
import { makeCreators, makeDrops } from './cluster-drops.ts';
import { withEvidence } from './evidence.ts';
import { Faults, type NodeFault } from './cluster-faults.ts';
import { figuresOf, type Figures } from './cluster-figures.ts';
import { Gateways } from './cluster-gateways.ts';
import { Owners } from './cluster-owners.ts';
import { ClusterServers } from './cluster-servers.ts';
import { RoamingWatcher } from './cluster-watcher.ts';
import { Crowd, retryAll, type Retry } from './crowd.ts';
import { pause, readFinalState, settled } from './final-state.ts';
import { COPY_AGE_MS, type FinalState, History, type Tolerance } from './history.ts';
import { Random } from './random.ts';
import { Watcher } from './watchers.ts';
import { type PlacedKey, World } from './world.ts';

export interface ClusterTestOptions {
  readonly nodes: number;
  /** On a Redis Cluster of three masters and three nats-servers. */
  readonly redisCluster: boolean;
  /** Threads of each node that serve clients. */
  readonly threads: number;
  readonly seed: number;
  /** The duration of the fault injection. */
  readonly faultsMs: number;
  readonly nodeFaults: readonly NodeFault[];
  readonly rollingRestarts: boolean;
  /** Receives one line for each fault, and the evidence of what was found. */
  readonly print: (line: string) => void;
}

export interface ClusterReport {
  /** Each error with the exchanges that show it; empty without errors. */
  readonly findings: readonly string[];
  readonly answered: number;
  readonly unanswered: number;
  readonly orders: number;
  readonly figures: Figures;
}

const CLIENTS = 24;
const BUYERS = 40;
const WATCHERS = 8;
const REGISTRATIONS = 6;
const ANSWER_TIMEOUT_MS = 4_000;
const NEW_DROPS_EVERY_MS = 5_000;
const OWNERS_POLL_INTERVAL_MS = 400;
const MOVES_LISTED_MAX = 100;
const REFUNDS_LISTED_MAX = 10;
const RELAY_LAG_TIMEOUT_MS = 20_000;
const CALM_MS = 500;
const WATCHER_LAG_MS = 8_000;
const AGAIN_SHARE = 0.2;
const CONCURRENT_READS = 40;
const SEED_MAX = 2 ** 31;
/**
 * A request that timed out at the client may wait at a paused gateway, and then for an owner.
 */
export const TOLERANCE: Tolerance = {
  copyAgeMs: COPY_AGE_MS,
  lateMs: 15_000,
  // Entries of a node with a wrong clock are at most that of W7 from the store's time.
  skewMs: ENTRY_AHEAD_MAX_MS,
};

export async function runClusterTest(options: ClusterTestOptions): Promise<ClusterReport> {
  const { nodes, redisCluster, threads } = options;
  const fullCoverage = options.seed % 2 === 0;
  const servers = await ClusterServers.start({ nodes, redisCluster, fullCoverage, threads });
  const run = new ClusterTest(servers, options);
  const about = {
    again: againOf(options),
    history: run.history,
    logs: () => servers.logs(),
    print: options.print,
  };
  try {
    return await withEvidence(about, () => run.run());
  } finally {
    run.close();
    await servers.stop();
  }
}

function againOf(options: ClusterTestOptions): string {
  const { redisCluster, faultsMs, nodes, threads, seed } = options;
  const kind = redisCluster ? '--cluster --redis-cluster' : '--cluster';
  const minutes = Math.ceil(faultsMs / 60_000);
  return `${kind} --minutes ${minutes} --nodes ${nodes} --threads ${threads} --seed ${seed}`;
}

class ClusterTest {
  readonly #options: ClusterTestOptions;
  readonly #servers: ClusterServers;
  readonly #random: Random;
  readonly history = new History();
  readonly #world: World;
  readonly #gateways: Gateways;
  readonly #watchers: readonly RoamingWatcher[];
  readonly #liveClients: readonly Watcher[];
  readonly #owners = new Owners();
  readonly #dropIds: string[] = [];
  readonly #faults: Faults;
  #connections = 0;
  #over = false;

  constructor(servers: ClusterServers, options: ClusterTestOptions) {
    this.#options = options;
    this.#servers = servers;
    const { seed, print, nodeFaults, rollingRestarts } = options;
    const random = new Random({ seed });
    const seeded = (): Random => new Random({ seed: random.integer(1, SEED_MAX) });
    this.#random = seeded();
    this.#world = new World({ authSecret: servers.authSecret, buyers: BUYERS });
    const world = this.#world;
    const history = this.history;
    this.#gateways = this.#gatewaysOf(servers.urls, CLIENTS * 2);
    this.#liveClients = world.buyers
      .slice(0, WATCHERS)
      .map((userId) => new Watcher({ history, userId }));
    const connections = () => ++this.#connections;
    this.#watchers = this.#liveClients.map(
      (watcher) =>
        new RoamingWatcher({ watcher, world, urls: servers.urls, random: seeded(), connections }),
    );
    this.#faults = new Faults({
      servers,
      random: seeded(),
      nodeFaults,
      rollingRestarts,
      owners: this.#owners,
      prepareReads: (nodeId) => this.#prepareReads(nodeId),
      busyDrops: () => world.drops.map(({ id }) => id),
      print,
    });
  }

  async run(): Promise<ClusterReport> {
    const { print, seed } = this.#options;
    const caller = this.#caller(1);
    this.#world.creators = await makeCreators(caller);
    await this.#addDrops(caller);
    await this.#addDrops(caller);
    this.#owners.note(await this.#servers.operator().shards());
    const crowd = new Crowd({
      caller,
      world: this.#world,
      seed,
      clients: CLIENTS,
      registrationsMax: REGISTRATIONS,
      retriesMeanwhile: true,
    });
    const watching = Promise.all(this.#watchers.map((watcher) => watcher.run()));
    const polling = this.#pollOwners();
    const stocking = this.#addDropsPeriodically(caller);
    const buying = crowd.run();
    const faulting = this.#faults.run();
    await pause(this.#options.faultsMs);
    this.#faults.end();
    await faulting;
    print('everything is back');
    await pause(CALM_MS);
    const meanwhile = await this.#verify('while the sale ran');
    crowd.end();
    const retries = await buying;
    this.#over = true;
    await Promise.all([polling, stocking]);
    const final = await this.#conclude(retries);
    const after = await this.#verify('after the sale');
    after.push(...(await this.#unmadeRefunds()));
    for (const watcher of this.#watchers) watcher.end();
    await watching;
    return await this.#judge(final, [...meanwhile, ...after]);
  }

  close(): void {
    this.#over = true;
    this.#faults.end();
    this.#gateways.close();
    for (const watcher of this.#watchers) watcher.end();
  }

  #gatewaysOf(urls: readonly string[], connectionsMax: number): Gateways {
    const random = new Random({ seed: this.#random.integer(1, SEED_MAX) });
    return new Gateways({ urls, connectionsMax, answerTimeoutMs: ANSWER_TIMEOUT_MS, random });
  }

  #caller(round: number, pool = this.#gateways): Caller {
    const { paymentSecret } = this.#servers;
    return new Caller({ history: this.history, pool, host: 'livedrops', round, paymentSecret });
  }

  async #addDrops(caller: Caller): Promise<void> {
    for (const drop of await makeDrops(caller, this.#world, this.#random)) {
      this.#dropIds.push(drop.id);
      this.#world.addDrop(drop);
    }
  }

  async #addDropsPeriodically(caller: Caller): Promise<void> {
    for (let waitedMs = 0; !this.#over; waitedMs += OWNERS_POLL_INTERVAL_MS) {
      await pause(OWNERS_POLL_INTERVAL_MS);
      if (waitedMs < NEW_DROPS_EVERY_MS) continue;
      waitedMs = 0;
      await this.#addDrops(caller);
    }
  }

  async #pollOwners(): Promise<void> {
    while (!this.#over) {
      // The node may be down. Then the next poll is soon enough.
      const rows = await this.#servers
        .operator()
        .shards()
        .catch(() => []);
      if (rows.length > 0) this.#owners.note(rows);
      await pause(OWNERS_POLL_INTERVAL_MS);
    }
  }

  /** The first requests that a resumed node reads: orders that other nodes accepted meanwhile. */
  async #prepareReads(nodeId: string): Promise<() => Promise<void>> {
    const url = this.#servers.urls[this.#servers.nodeIds.indexOf(nodeId)]!;
    const pool = this.#gatewaysOf([url], CONCURRENT_READS);
    const caller = this.#caller(1, pool);
    await pool.warmUp();
    const ask = ({ id, userId }: { id: string; userId: string }) =>
      caller.order({
        client: 'the impatient',
        what: `reads ${id} at ${nodeId}`,
        method: 'GET',
        path: `/v1/orders/${id}`,
        token: this.#world.token(userId),
      });
    return async () => {
      await Promise.all(this.#world.orders.slice(-CONCURRENT_READS).map(ask));
      pool.close();
    };
  }

  /** After the sale: retries unanswered requests and reads the final state of everything. */
  async #conclude(retries: readonly Retry[]): Promise<FinalState> {
    const caller = this.#caller(2);
    for (const watcher of this.#watchers) watcher.beginRound(2);
    await retryAll(retries, caller);
    await settled(caller, this.#dropIds);
    await this.#placeAgain(caller);
    const final = await readFinalState(caller, this.#world);
    const isLevel = ({ userId, lastId }: Watcher): boolean =>
      lastId === (final.feeds.get(userId)?.at(-1)?.id ?? '0');
    const deadline = Date.now() + WATCHER_LAG_MS;
    while (!this.#liveClients.every(isLevel) && Date.now() < deadline) await pause(20);
    return final;
  }

  /** Every repeated acknowledged key must return its order again (O3). */
  async #placeAgain(caller: Caller): Promise<void> {
    const acknowledged = new Map<string, PlacedKey>();
    for (const { order, userId, dropId, key, quantity } of this.history.attempts) {
      if (order !== null) acknowledged.set(order.id, { userId, dropId, key, quantity });
    }
    const keys = [...acknowledged.values()].filter(() => this.#random.chance(AGAIN_SHARE));
    const again = keys.map((placed): Retry => {
      const token = this.#world.token(placed.userId);
      return async (by) => (await by.place('the auditor', token, placed)).status;
    });
    await retryAll(again, caller);
  }

  async #verify(when: string): Promise<string[]> {
    const report = (await runOnServer(
      this.#servers.operator(),
      { kind: 'verify' },
      UNWATCHED,
    )) as VerifyReport;
    this.#options.print(
      `verify ${when}: ${report.ok ? 'ok' : 'NOT ok'}, ${report.entries} entries, ` +
        `${report.drops} drops, ${report.orders} orders`,
    );
    for (const finding of report.findings) this.#options.print(`  ${finding}`);
    return report.findings.map((finding) => `X2: verify says, ${when}: ${finding}`);
  }

  /**
   * The provider accepts every refund, so none may be parked (P6), and each was brought to it once
   * the relay has passed all entries.
   */
  async #unmadeRefunds(): Promise<string[]> {
    const api = this.#servers.operator();
    const findings: string[] = [];
    const deadline = performance.now() + RELAY_LAG_TIMEOUT_MS;
    for (;;) {
      const nodes = await api.nodes();
      const lag = nodes.reduce((sum, { relayLag }) => sum + relayLag, 0);
      if (lag === 0) break;
      if (performance.now() > deadline) {
        findings.push(`P6: the relay does not pass ${lag} events`);
        break;
      }
      await pause(OWNERS_POLL_INTERVAL_MS);
    }
    for (const { orderId, state, reason } of await api.refunds(null, REFUNDS_LISTED_MAX)) {
      findings.push(`P6: the refund of ${orderId} is ${state}: ${reason}`);
    }
    return findings;
  }

  async #judge(final: FinalState, verified: readonly string[]): Promise<ClusterReport> {
    const moves = await this.#servers.operator().moves(MOVES_LISTED_MAX);
    await Promise.all(this.#servers.nodeIds.map((nodeId) => this.#servers.stopNode(nodeId)));
    const truth = await this.#servers.readTruth();
    const findings = [
      ...this.#owners.findings,
      ...check(this.history, truth, final, TOLERANCE),
      ...verified,
    ];
    const { answered, unanswered, attempts } = this.history;
    const { statuses } = this.#gateways;
    const figures = figuresOf(this.#faults.made, attempts, moves, statuses);
    let orders = 0;
    for (const drop of truth.drops.values()) orders += drop.orders.length;
    return { findings, answered, unanswered, orders, figures };
  }
}
