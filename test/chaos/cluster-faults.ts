// Injects faults into a cluster under test, chosen by a seed. Two sequences run concurrently:
// faults of nodes, and all other faults. At any time at least one node has no fault.

import { SHARD_COUNT, shardOf } from '../../domain/ids.ts';
import type { OperatorApi } from '../../operator/api-client.ts';
import { ApiError } from '../../operator/api-error.ts';
import { planTurns, runRestart } from '../../operator/rolling-restart.ts';
import type { Owners } from './cluster-owners.ts';
import type { ClusterServers, CutFrom } from './cluster-servers.ts';
import { pause } from './final-state.ts';
import { Bag, type Random } from './random.ts';

export const NODE_FAULTS = ['kill', 'pause', 'terminate', 'drain', 'cut', 'clock'] as const;
const OTHER_FAULTS = [
  'move',
  'redis-kill',
  'redis-stop',
  'redis-pause',
  'nats-kill',
  'nats-stop',
  'nats-pause',
] as const;
export type NodeFault = (typeof NODE_FAULTS)[number];
export type FaultKind = NodeFault | (typeof OTHER_FAULTS)[number] | 'rolling-restart';

/** One injected fault. Times are milliseconds since the Unix epoch. */
export interface Fault {
  readonly kind: FaultKind;
  /** The node or server with the fault. */
  readonly target: string;
  readonly beganAt: number;
  /** When the fault was removed. The cluster may still be recovering then. */
  endedAt: number;
  /** Drops on the shards of the node; only for `kill`. */
  readonly lostDrops: readonly string[];
}

export interface FaultsOptions {
  readonly servers: ClusterServers;
  readonly random: Random;
  /** The faults of nodes to choose from. Those that the machine does not allow are left out. */
  readonly nodeFaults: readonly NodeFault[];
  /** Also restart all nodes from time to time, which takes long. */
  readonly rollingRestarts: boolean;
  readonly owners: Owners;
  /** Ids of the live drops. */
  readonly busyDrops: () => readonly string[];
  /**
   * Opens connections to a node before it is paused. The returned function sends requests to the
   * paused node and resolves when the resumed node has answered them.
   */
  readonly prepareReads: (nodeId: string) => Promise<() => Promise<void>>;
  readonly print: (line: string) => void;
}

const REST_MIN_MS = 300;
const REST_MAX_MS = 2_500;
const DOWN_MIN_MS = 200;
const DOWN_MAX_MS = 4_000;
const PAUSE_MIN_MS = 500;
const PAUSE_MAX_MS = 7_000;
const REQUESTS_HEAD_START_MS = 50;
const DRAINED_MIN_MS = 1_000;
const DRAINED_MAX_MS = 4_000;
const AWAY_MIN_MS = 50;
const AWAY_MAX_MS = 3_500;
/** Shorter and longer than a lease. */
const SERVER_PAUSE_MAX_MS = 6_000;
const CUTS: readonly CutFrom[] = ['redis', 'one-master', 'nats', 'one-nats', 'everything'];
const CUT_MIN_MS = 500;
const CUT_MAX_MS = 9_000;
/** How far clocks are set: within the second that a node may differ from the store, and beyond. */
const CLOCK_STEPS_MS = [300, 800, 1_500, 10_000, 400_000, 7_200_000];
const WRONG_CLOCK_MIN_MS = 1_500;
const WRONG_CLOCK_MAX_MS = 7_000;
const OWNER_SHARE = 0.8;
const PINS_MAX = 6;
const OPERATOR_ATTEMPTS_MAX = 60;
const OPERATOR_DELAY_MS = 250;
const REFUSED_STATUS = 422;
const RESTART_TIMEOUT_MS = 60_000;
/** Every n-th node fault is a restart of all nodes. */
const ROLLING_RESTART_EVERY = 6;

export class Faults {
  readonly made: Fault[] = [];
  readonly #options: FaultsOptions;
  #over = false;

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** Resolves, after `end`, when all faults are removed and no node is drained. */
  async run(): Promise<void> {
    await Promise.all([this.#nodeFaults(), this.#otherFaults()]);
    const { servers } = this.#options;
    for (const nodeId of servers.nodeIds)
      await this.#requestChange((api) => api.undrain(nodeId, false));
  }

  end(): void {
    this.#over = true;
  }

  async #nodeFaults(): Promise<void> {
    const { random, nodeFaults, rollingRestarts } = this.#options;
    const kinds = new Bag(random, this.#possible(nodeFaults));
    for (let i = 1; !this.#over; i++) {
      if (rollingRestarts && i % ROLLING_RESTART_EVERY === 0) await this.#rollingRestart();
      else await this.#nodeFault(kinds.take(), this.#someNode());
      await pause(random.integer(REST_MIN_MS, REST_MAX_MS));
    }
  }

  #possible(kinds: readonly NodeFault[]): NodeFault[] {
    const { servers, print } = this.#options;
    const canDo = (kind: NodeFault): boolean =>
      kind === 'cut' ? servers.canCut : kind !== 'clock' || servers.canSetClocks;
    const leftOut: Partial<Record<NodeFault, string>> = {
      cut: 'nodes are not cut off: that needs --redis-cluster and network namespaces (root, `ip`)',
      clock: 'clocks are not stepped: that needs libfaketime (on Debian: apt-get install faketime)',
    };
    for (const kind of kinds) if (!canDo(kind)) print(`left out: ${leftOut[kind]}`);
    return kinds.filter(canDo);
  }

  async #otherFaults(): Promise<void> {
    const { random } = this.#options;
    const kinds = new Bag(random, OTHER_FAULTS);
    while (!this.#over) {
      await pause(random.integer(REST_MIN_MS, REST_MAX_MS));
      const kind = kinds.take();
      if (kind === 'move') await this.#move();
      else await this.#serverFault(kind);
    }
  }

  /** Mostly the owner of a live drop. */
  #someNode(): string {
    const { random, servers, owners, busyDrops } = this.#options;
    const dropId = random.pick(busyDrops());
    const owner = dropId === undefined ? null : owners.ownerOf(dropId);
    if (owner !== null && random.chance(OWNER_SHARE)) return owner;
    return random.pick(servers.nodeIds)!;
  }

  async #nodeFault(kind: NodeFault, nodeId: string): Promise<void> {
    const { random, servers, owners, busyDrops, prepareReads } = this.#options;
    const lostDrops =
      kind === 'kill' ? busyDrops().filter((id) => owners.ownerOf(id) === nodeId) : [];
    const fault = this.#begin(kind, nodeId, lostDrops);
    if (kind === 'pause') {
      const sendReads = await prepareReads(nodeId);
      servers.pauseNode(nodeId);
      await pause(random.integer(PAUSE_MIN_MS, PAUSE_MAX_MS));
      // The first answers of the resumed node, which does not know yet what changed, must be
      // correct (W2).
      const answered = sendReads();
      await pause(REQUESTS_HEAD_START_MS);
      servers.continueNode(nodeId);
      await answered;
    } else if (kind === 'cut') await this.#cut(nodeId);
    else if (kind === 'clock') await this.#stepClock(nodeId);
    else if (kind === 'drain') {
      await this.#requestChange((api) => api.drain(nodeId, false));
      await pause(random.integer(DRAINED_MIN_MS, DRAINED_MAX_MS));
      await this.#requestChange((api) => api.undrain(nodeId, false));
    } else {
      await (kind === 'kill' ? servers.killNode(nodeId) : servers.stopNode(nodeId));
      await pause(random.integer(DOWN_MIN_MS, DOWN_MAX_MS));
      await servers.startNode(nodeId);
    }
    this.#end(fault);
  }

  async #cut(nodeId: string): Promise<void> {
    const { random, servers, print } = this.#options;
    const from = random.pick(CUTS)!;
    print(`  ${nodeId} is cut off from ${from}`);
    servers.cut(nodeId, from, random);
    await pause(random.integer(CUT_MIN_MS, CUT_MAX_MS));
    servers.mend(nodeId);
  }

  /** Sets the node's clock forth or back, and right again later, which is a step as well. */
  async #stepClock(nodeId: string): Promise<void> {
    const { random, servers, print } = this.#options;
    const aheadMs = random.pick(CLOCK_STEPS_MS)! * (random.chance(0.5) ? 1 : -1);
    print(`  the clock of ${nodeId} is ${aheadMs} ms ahead`);
    servers.setClock(nodeId, aheadMs);
    await pause(random.integer(WRONG_CLOCK_MIN_MS, WRONG_CLOCK_MAX_MS));
    servers.setClock(nodeId, 0);
  }

  async #rollingRestart(): Promise<void> {
    const { servers, print } = this.#options;
    const fault = this.#begin('rolling-restart', 'all nodes', []);
    const api = servers.operator();
    try {
      const turns = planTurns(await api.nodes());
      const pace = { now: () => performance.now(), pause };
      const options = { api, timeoutMs: RESTART_TIMEOUT_MS, pace, write: () => undefined };
      for (const { nodeId, fault: why } of await runRestart(turns, options)) {
        if (why !== null) print(`the restart of ${nodeId} ended early: ${why}`);
      }
    } catch (error) {
      print(`a rolling restart ended early: ${(error as Error).message}`);
    }
    for (const nodeId of servers.nodeIds)
      await this.#requestChange((by) => by.undrain(nodeId, false));
    this.#end(fault);
  }

  /** Pins some shards with live drops to random nodes, and unpins them later. */
  async #move(): Promise<void> {
    const { random, servers, busyDrops, print } = this.#options;
    const fault = this.#begin('move', 'some shards', []);
    const shards = busyDrops().map((id) => shardOf(id, SHARD_COUNT));
    const pinned = new Set<number>();
    for (let i = random.integer(1, PINS_MAX); i > 0; i--) {
      const shard = random.pick(shards);
      if (shard === undefined) break;
      const nodeId = random.pick(servers.nodeIds)!;
      try {
        await this.#requestChange((api) => api.pin(shard, nodeId, false));
        pinned.add(shard);
      } catch (error) {
        // The node may be down for longer than a change is tried.
        if (!(error instanceof ApiError) || error.status !== REFUSED_STATUS) throw error;
        print(`  shard ${shard} was not moved: ${error.message}`);
      }
    }
    await pause(random.integer(REST_MIN_MS, REST_MAX_MS));
    for (const shard of pinned) await this.#requestChange((api) => api.pin(shard, null, false));
    this.#end(fault);
  }

  async #serverFault(kind: Exclude<(typeof OTHER_FAULTS)[number], 'move'>): Promise<void> {
    const { random, servers } = this.#options;
    const server = random.pick(servers.servers(kind.startsWith('redis') ? 'redis' : 'nats'))!;
    const fault = this.#begin(kind, server.name, []);
    if (kind.endsWith('pause')) {
      server.pause();
      await pause(random.integer(AWAY_MIN_MS, SERVER_PAUSE_MAX_MS));
      server.continue();
    } else {
      await server.stop(kind.endsWith('kill') ? 'SIGKILL' : 'SIGTERM');
      await pause(random.integer(AWAY_MIN_MS, AWAY_MAX_MS));
      await server.start();
    }
    this.#end(fault);
  }

  #begin(kind: FaultKind, target: string, lostDrops: readonly string[]): Fault {
    const fault = { kind, target, beganAt: Date.now(), endedAt: Infinity, lostDrops };
    this.made.push(fault);
    this.#options.print(`${kind} ${target}`);
    return fault;
  }

  #end(fault: Fault): void {
    fault.endedAt = Date.now();
    const { kind, target, beganAt, endedAt } = fault;
    this.#options.print(`  ${kind} ${target} over after ${endedAt - beganAt} ms`);
  }

  /** Retries until a node answers, since the node or the store may be down. */
  async #requestChange(change: (api: OperatorApi) => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await change(this.#options.servers.operator());
        return;
      } catch (error) {
        if (attempt === OPERATOR_ATTEMPTS_MAX) throw error;
        await pause(OPERATOR_DELAY_MS);
      }
    }
  }
}
