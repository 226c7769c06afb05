// Several nodes in one process, over shared stores in memory and one clock that the test moves.
// Nodes can be cut off from each other, from the store, be paused as SIGSTOP would, and be lost.
// Calls of the store can be slow, and their answers be lost. Everything but the network, the stores
// and the clock is the real code.

import type { ServiceBroker } from 'moleculer';
import pino from 'pino';
import { BrokerRouter } from '../../actors/cluster/broker-router.ts';
import type { Clock, Timer } from '../../actors/clock.ts';
import { StoreClock } from '../../actors/cluster/store-clock.ts';
import { SessionLease } from '../../actors/cluster/lease.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import type { FactSink } from '../../actors/shard/facts.ts';
import type { MoveAnswer, MovePeers, TakeOver } from '../../actors/cluster/move-protocol.ts';
import { Ownership } from '../../actors/cluster/ownership.ts';
import { PlacementWatch } from '../../actors/cluster/placement-watch.ts';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import { LateReplies, type LateRepliesOnWire } from '../../actors/cluster/late-replies.ts';
import { execute, type ExecuteParams } from '../../actors/cluster/shard-service.ts';
import type { CommandReply, DropCommand } from '../../contracts/commands.ts';
import { shardOf } from '../../domain/ids.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { MemoryPlacementStore } from '../../storage/memory/placement-memory.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { FEATURE_LEVEL } from '../../storage/ports/feature-level.ts';
import { flush, ManualClock } from '../actors/manual-clock.ts';

export const SHARDS = 8;
const START = 1_800_000_000_000;
const SETTLE_STEP_MS = 50;
const SETTLE_MAX_MS = 60_000;
/** Nodes that call each other more often while no time passes do so without an end. */
const CALLS_AT_A_MOMENT_MAX = 1_000;

/** A clock whose timers stand still while its node is paused. */
class NodeClock implements Clock {
  readonly #clock: ManualClock;
  #late: (() => void)[] | null = null;
  /** How far this machine's clock is ahead of the others'. */
  skewMs = 0;
  #dead = false;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.skewMs;
  }
  monotonic(): number {
    return this.#clock.monotonic();
  }
  after(delayMs: number, call: () => void): Timer {
    return this.#clock.after(delayMs, () => {
      if (this.#dead) return;
      if (this.#late === null) call();
      else this.#late.push(call);
    });
  }
  get paused(): boolean {
    return this.#late !== null || this.#dead;
  }
  pause(): void {
    this.#late ??= [];
  }
  continue(): void {
    const late = this.#late ?? [];
    this.#late = null;
    for (const call of late) call();
  }
  die(): void {
    this.#dead = true;
  }
  /** Resolves when the node continues, at once where it runs, and never once it is lost. */
  running(): Promise<void> {
    if (this.#dead) return new Promise(() => undefined);
    if (this.#late === null) return Promise.resolve();
    return new Promise((resolve) => this.#late!.push(resolve));
  }
}

export class SimulatedNode {
  readonly nodeId: string;
  readonly clock: NodeClock;
  readonly host: ShardHost;
  readonly ownership: Ownership;
  readonly router: BrokerRouter;
  readonly watch: PlacementWatch;
  readonly lease: SessionLease;
  readonly late: LateReplies;
  readonly bus = new InProcessLiveBus();
  readonly log = pino({ level: 'silent' });
  storeAway = false;
  /** How long a call of the store takes: one half until the store has it, one until its answer. */
  storeDelayMs = 0;
  /** Stores that do what they are asked, and whose answers are lost. */
  losesAnswersOf: readonly object[] = [];
  sessionLost = false;
  dead = false;
  readonly #cluster: SimulatedCluster;

  constructor(cluster: SimulatedCluster, nodeId: string, incarnation: string, skewMs: number) {
    this.nodeId = nodeId;
    this.clock = new NodeClock(cluster.clock);
    this.clock.skewMs = skewMs;
    const storeClock = new StoreClock({ clock: this.clock });
    this.#cluster = cluster;
    const { clock, log } = this;
    const journal = this.reach(cluster.journal);
    const placement = this.reach(cluster.placement);
    const snapshots = this.reach(cluster.snapshots);
    this.late = new LateReplies({
      send: (to, message) => cluster.sendLateReplies(this, to, message),
    });
    this.lease = new SessionLease({ now: () => clock.monotonic() });
    this.watch = new PlacementWatch({ store: placement, clock, log });
    const broker = {
      nodeID: nodeId,
      call: (_action: string, params: ExecuteParams, to: CallOptions) =>
        cluster.execute(this, to, params),
    } as unknown as ServiceBroker;
    this.router = new BrokerRouter({ broker, owners: this.watch, shardCount: SHARDS, clock, log });
    this.host = new ShardHost({
      nodeId,
      shardCount: SHARDS,
      journal,
      snapshots,
      orderList: this.reach(cluster.stores.orderList),
      bus: this.bus,
      ...(cluster.factSinkOf !== null && { facts: cluster.factSinkOf(this) }),
      shared: {
        lease: this.lease,
        redirect: (shard) => this.ownership.redirect(shard),
        fenced: (shard) => this.ownership.fenced(shard),
      },
      clock: storeClock,
      log,
    });
    this.ownership = new Ownership({
      self: { nodeId, incarnation },
      weight: 1,
      url: () => null,
      host: this.host,
      lease: this.lease,
      watch: this.watch,
      placement,
      journal,
      snapshots,
      peers: cluster.peersOf(this),
      connected: () => !cluster.isCutOff(this),
      outstandingCommands: () => this.router.outstanding,
      onSessionLost: () => {
        this.sessionLost = true;
      },
      clock,
      storeClock,
      log,
    });
  }

  async start(): Promise<void> {
    await this.watch.start();
    await this.ownership.start();
  }

  get serving(): number[] {
    return this.host.shards.filter(({ status }) => status === 'serving').map(({ id }) => id);
  }

  /**
   * A store as this node reaches it. A call that was sent is made, whatever becomes of the node;
   * its answer waits while the node is paused.
   */
  reach<Store extends object>(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        // The only one that asks no store.
        if (name === 'canSealDrops') return method.bind(target);
        return async (...args: unknown[]) => {
          if (this.dead) return await new Promise(() => undefined);
          if (this.storeAway) throw new StoreUnavailableError('no connection');
          await this.#cluster.heldCalls.pass(String(name), args[0]);
          const { storeDelayMs } = this;
          await this.#cluster.delay(storeDelayMs / 2);
          const [outcome] = await Promise.allSettled([method.apply(target, args)]);
          await this.#cluster.delay(storeDelayMs / 2);
          await this.clock.running();
          if (this.storeAway || this.losesAnswersOf.includes(store))
            throw new StoreUnavailableError('the answer was lost');
          if (outcome.status === 'rejected') throw outcome.reason;
          return outcome.value;
        };
      },
    });
  }
}

/** Calls of stores that wait until the test lets them go on, as those of a slow store do. */
export class HeldCalls {
  readonly #held = new Map<string, (() => void)[]>();

  /** Holds calls of the method whose first argument is this one: a shard, or a drop's id. */
  hold(method: string, first: unknown): void {
    this.#held.set(`${method} ${String(first)}`, []);
  }

  release(): void {
    const waiting = [...this.#held.values()].flat();
    this.#held.clear();
    for (const go of waiting) go();
  }

  /** How many calls wait. */
  get count(): number {
    return [...this.#held.values()].flat().length;
  }

  async pass(method: string, first: unknown): Promise<void> {
    const waiting = this.#held.get(`${method} ${String(first)}`);
    if (waiting !== undefined) await new Promise<void>((resolve) => waiting.push(resolve));
  }
}

interface CallOptions {
  readonly nodeID: string;
  readonly timeout: number;
}

export class SimulatedCluster {
  readonly clock = new ManualClock(START);
  readonly stores = memoryStores();
  readonly journal = this.stores.journal;
  readonly snapshots = this.stores.snapshots;
  /** Makes what receives the facts of a node's shards; null where nobody does. */
  readonly factSinkOf: ((node: SimulatedNode) => FactSink) | null;
  /** The store's machine has a clock of its own: nobody sets it here. */
  readonly placement = new MemoryPlacementStore({ now: () => START + this.clock.monotonic() });
  readonly nodes: SimulatedNode[] = [];
  readonly heldCalls = new HeldCalls();
  /** One sentence for each way in which nodes kept each other busy without an end. */
  readonly findings: string[] = [];
  /** Late replies that were sent, and do not arrive. */
  lostLateReplies: LateRepliesOnWire[] | null = null;
  /** Makes `takeOver` at this node answer nothing, though it may have happened. */
  losesTakeOverAnswers = new Set<string>();
  /** Makes `takeOver` requests to this node wait until they are let through. */
  heldTakeOvers: (() => void)[] | null = null;
  #cutOff = new Set<SimulatedNode>();
  #incarnations = 0;
  /** Calls between nodes since the clock stands where it is. */
  #calls = { at: 0, count: 0 };

  constructor(
    options: {
      readonly factSinkOf?: (node: SimulatedNode, cluster: SimulatedCluster) => FactSink;
    } = {},
  ) {
    const { factSinkOf } = options;
    this.factSinkOf = factSinkOf === undefined ? null : (node) => factSinkOf(node, this);
  }

  /** `skewMs`: of the clock of the node's machine. */
  async add(nodeId: string, skewMs = 0): Promise<SimulatedNode> {
    await this.placement.fixShardCount(SHARDS, FEATURE_LEVEL);
    this.#incarnations += 1;
    const node = new SimulatedNode(this, nodeId, `run-${this.#incarnations}`, skewMs);
    this.nodes.push(node);
    await node.start();
    return node;
  }

  /** As `kill -9`: nothing of the node moves any more. */
  kill(node: SimulatedNode): void {
    node.dead = true;
    node.clock.die();
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  cutOff(node: SimulatedNode): void {
    this.#cutOff.add(node);
  }
  reconnect(node: SimulatedNode): void {
    this.#cutOff.delete(node);
  }
  isCutOff(node: SimulatedNode): boolean {
    return this.#cutOff.has(node);
  }

  async delay(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.clock.after(ms, resolve));
  }

  /** Moves time on until `done`, and returns how long that took. */
  async until(done: () => boolean | Promise<boolean>): Promise<number> {
    const from = this.clock.monotonic();
    while (!(await done())) {
      if (this.clock.monotonic() - from > SETTLE_MAX_MS) throw new Error('it never came to that');
      await this.clock.advance(SETTLE_STEP_MS);
    }
    return this.clock.monotonic() - from;
  }

  /** Every shard is served by exactly one node, which is the one that should serve it. */
  async settled(): Promise<boolean> {
    const served = this.nodes.flatMap((node) => node.serving);
    if (served.length !== SHARDS || new Set(served).size !== SHARDS) return false;
    const placement = await this.placement.load();
    return this.nodes.every((node) =>
      node.serving.every((shard) => placement.shards.get(shard)?.nodeId === node.nodeId),
    );
  }

  ownerOf(dropId: string): SimulatedNode {
    const shard = shardOf(dropId, SHARDS);
    const owner = this.nodes.find((node) => node.serving.includes(shard));
    if (owner === undefined) throw new Error(`nobody serves ${dropId}`);
    return owner;
  }

  /** A command through the router of one node; the reply comes as time moves on. */
  send(through: SimulatedNode, command: DropCommand): Promise<CommandReply> {
    return new Promise((resolve) => through.router.submit(command, { complete: resolve }));
  }

  async execute(
    from: SimulatedNode,
    { nodeID, timeout }: CallOptions,
    params: ExecuteParams,
  ): Promise<unknown> {
    const target = this.nodes.find(({ nodeId }) => nodeId === nodeID);
    if (target === undefined) throw Object.assign(new Error('gone'), { type: 'SERVICE_NOT_FOUND' });
    return await this.#inTime(from, target, timeout, () =>
      execute(target.host, target.late, params),
    );
  }

  sendLateReplies(from: SimulatedNode, to: string, message: LateRepliesOnWire): void {
    const target = this.nodes.find(({ nodeId }) => nodeId === to);
    if (this.lostLateReplies !== null) this.lostLateReplies.push(message);
    else if (target !== undefined && !this.#cutOff.has(from) && !this.#cutOff.has(target))
      target.router.takeLateReplies(message);
  }

  peersOf(from: SimulatedNode): MovePeers {
    const ask = (
      nodeId: string,
      timeout: number,
      call: (node: SimulatedNode) => Promise<MoveAnswer>,
    ) => {
      const target = this.nodes.find((node) => node.nodeId === nodeId);
      if (target === undefined) return Promise.reject(new Error(`${nodeId} is gone`));
      return this.#inTime(from, target, timeout, () => call(target));
    };
    return {
      warm: (nodeId, shard) => ask(nodeId, 10_000, (node) => node.ownership.warm(shard)),
      takeOver: (nodeId, request) => ask(nodeId, 3_000, (node) => this.#takeOver(node, request)),
      placementChanged: () => {
        for (const node of this.nodes) if (!this.#cutOff.has(node)) node.watch.refreshNow();
      },
    };
  }

  async #takeOver(node: SimulatedNode, request: TakeOver): Promise<MoveAnswer> {
    if (this.heldTakeOvers !== null)
      await new Promise<void>((resolve) => this.heldTakeOvers!.push(resolve));
    const answer = await node.ownership.takeOver(request);
    if (this.losesTakeOverAnswers.has(node.nodeId)) return await new Promise(() => undefined);
    return answer;
  }

  /** The answer of another node, unless either end is cut off, paused or gone meanwhile. */
  #inTime<Answer>(
    from: SimulatedNode,
    target: SimulatedNode,
    timeoutMs: number,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    const at = this.clock.monotonic();
    if (this.#calls.at !== at) this.#calls = { at, count: 0 };
    this.#calls.count += 1;
    if (this.#calls.count > CALLS_AT_A_MOMENT_MAX) {
      this.findings.push(`nodes called each other without an end ${at} ms after the beginning`);
      return Promise.reject(new Error('the network is full'));
    }
    return new Promise((resolve, reject) => {
      const timedOut = () =>
        reject(Object.assign(new Error('no answer'), { type: 'REQUEST_TIMEOUT' }));
      if (timeoutMs > 0) from.clock.after(timeoutMs, timedOut);
      const lost = () =>
        from !== target &&
        (this.#cutOff.has(from) || this.#cutOff.has(target) || target.clock.paused);
      if (lost()) return;
      call().then((answer) => {
        if (!lost()) resolve(answer);
      }, reject);
    });
  }
}

export { flush };
