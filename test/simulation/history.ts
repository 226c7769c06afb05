// Makes the steps of a history on a simulated cluster: what people ask, what goes wrong, and time.

import type { Claim } from '../../storage/ports/journal.ts';
import { nodeConsumers } from './node-consumers.ts';
import { Clients } from './clients.ts';
import { LateDrops } from './late-drops.ts';
import { People } from './people.ts';
import { SimulatedProvider } from './provider.ts';
import { flush, SHARDS, SimulatedCluster, type SimulatedNode } from './simulated-cluster.ts';
import { NODE_IDS, type Step } from './steps.ts';

/** While time goes on, readers and the provider come this often, and at most so many times. */
const VISIT_INTERVAL_MS = 250;
const VISITS_MAX = 10;
const FREEZE_STORE_DELAY_MS = 300;
const QUIET_MS = 5_000;
/** By then positions were stored that need no call. */
const CALLS_WITHOUT_ANSWER_MS = 2_000;

/** From here on only the owner of that epoch, or a later one, may write. */
interface ShardClaim extends Claim {
  readonly shard: number;
}

export class History {
  readonly cluster: SimulatedCluster;
  readonly provider = new SimulatedProvider();
  readonly clients: Clients;
  readonly claims: ShardClaim[] = [];
  readonly findings: string[] = [];
  readonly lateDrops: LateDrops;
  readonly #people: People;
  #visitCount = 0;

  constructor() {
    const { provider } = this;
    const cluster = new SimulatedCluster({
      factSinkOf: (node, of) => nodeConsumers(node, of, provider),
    });
    const clients = new Clients(cluster);
    this.cluster = cluster;
    this.clients = clients;
    this.lateDrops = new LateDrops(cluster);
    this.#people = new People({ cluster, clients, provider });
    this.#recordClaims();
  }

  /** Three nodes that serve everything, and three drops. */
  async begin(): Promise<void> {
    const { cluster } = this;
    for (const nodeId of NODE_IDS) await cluster.add(nodeId);
    await cluster.until(() => cluster.settled());
    this.#people.makeFirstDrops(cluster.nodes[0]!);
    await cluster.clock.advance(50);
  }

  async make(step: Step): Promise<void> {
    const { cluster } = this;
    const node = 'node' in step ? this.#node(step.node) : undefined;
    if (step.kind === 'time') await this.#passTime(step.ms);
    else if (step.kind === 'freeze') {
      if (node !== undefined) await this.#freeze(node, step.ms, step.quiet);
    } else if (step.kind === 'lose-with-calls') {
      if (node !== undefined) await this.#loseWithCalls(node);
    } else if (step.kind === 'start') {
      if (node === undefined) await this.#start(NODE_IDS[step.node]!, step.skewMs);
    } else if (step.kind === 'pin') {
      await cluster.placement.change({
        pins: [{ shard: step.shard, nodeId: NODE_IDS[step.node] ?? null }],
      });
    } else if (step.kind === 'drain') {
      await cluster.placement.change({
        drained: { nodeId: NODE_IDS[step.node]!, drained: step.on },
      });
    } else if (step.kind === 'stores-away') {
      for (const other of cluster.nodes) other.storeAway = true;
    } else if (step.kind === 'lose-take-over-answers') {
      if (step.on) cluster.losesTakeOverAnswers.add(NODE_IDS[step.node]!);
      else cluster.losesTakeOverAnswers.delete(NODE_IDS[step.node]!);
    } else if (step.kind === 'provider') this.provider.mode = step.mode;
    else if (node !== undefined) this.#makeAt(node, step);
    await flush();
  }

  /** Ends all faults, and waits until everything that was begun has come to its end. */
  async heal(): Promise<void> {
    const { cluster, provider } = this;
    provider.mode = 'up';
    cluster.losesTakeOverAnswers.clear();
    for (const node of cluster.nodes) this.#mend(node);
    for (const nodeId of NODE_IDS)
      await cluster.placement.change({ drained: { nodeId, drained: false } });
    if (cluster.nodes.length === 0) await this.#start(NODE_IDS[0], 0);
    await this.#until('W3: every shard is served by its owner', () => cluster.settled());
    await this.#passTime(QUIET_MS);
    await this.#until('W3: every shard is served by its owner', () => cluster.settled());
    await this.#until('P2: every webhook is taken', () => {
      this.#people.tellPayments(cluster.nodes[0]);
      return provider.untold.length === 0;
    });
    await this.#until('J1: every consumer has consumed every entry', () => this.#caughtUp());
  }

  /** Every node shows every drop. */
  async readAll(): Promise<void> {
    for (const node of this.cluster.nodes)
      for (const dropId of this.#people.drops)
        this.clients.send(node, { type: 'get-drop', dropId });
    await this.cluster.clock.advance(VISIT_INTERVAL_MS);
  }

  #recordClaims(): void {
    const { journal } = this.cluster;
    const claim = journal.claim.bind(journal);
    journal.claim = async (shard, owner) => {
      const claimed = await claim(shard, owner);
      this.claims.push({ ...claimed, shard });
      return claimed;
    };
  }

  #makeAt(node: SimulatedNode, step: Step): void {
    const { cluster } = this;
    switch (step.kind) {
      case 'pause':
        return node.clock.pause();
      case 'mend':
        return this.#mend(node);
      case 'kill':
        return cluster.kill(node);
      case 'cut-off':
        return cluster.cutOff(node);
      case 'store-away':
        node.storeAway = true;
        return;
      case 'store-slow':
        node.storeDelayMs = step.delayMs;
        return;
      case 'store-loses-answers':
        node.losesAnswersOf = this.#storesThatLoseAnswers(step.rowsOnly);
        return;
      default:
        this.#people.ask(node, step);
    }
  }

  #mend(node: SimulatedNode): void {
    this.cluster.reconnect(node);
    node.storeAway = false;
    node.losesAnswersOf = [];
    node.storeDelayMs = 0;
    node.clock.continue();
  }

  async #loseWithCalls(node: SimulatedNode): Promise<void> {
    const { provider, cluster } = this;
    provider.mode = 'down';
    this.#people.visit(node);
    await this.#passTime(CALLS_WITHOUT_ANSWER_MS);
    cluster.kill(node);
    provider.mode = 'up';
  }

  #storesThatLoseAnswers(rowsOnly: boolean): object[] {
    const { placement, stores } = this.cluster;
    const { orderList, feed, catalogue, consumerPositions, parkedRefunds } = stores;
    const rows = [orderList, feed, catalogue, consumerPositions, parkedRefunds];
    return rowsOnly ? rows : [...rows, stores.journal, stores.snapshots, placement];
  }

  /** What was asked of the node meanwhile reaches it when it continues. */
  async #freeze(node: SimulatedNode, ms: number, quiet: boolean): Promise<void> {
    const { cluster } = this;
    node.clock.pause();
    await cluster.clock.advance(ms - VISIT_INTERVAL_MS);
    const other = cluster.nodes.find((one) => !one.clock.paused);
    if (!quiet && other !== undefined) this.#people.visit(other);
    await cluster.clock.advance(VISIT_INTERVAL_MS);
    this.#people.visit(node);
    node.storeDelayMs = FREEZE_STORE_DELAY_MS;
    node.clock.continue();
  }

  /** While time goes on, somebody reads through every node, and webhooks are repeated. */
  async #passTime(ms: number): Promise<void> {
    const { cluster } = this;
    const { drops } = this.#people;
    const partMs = Math.max(VISIT_INTERVAL_MS, Math.ceil(ms / VISITS_MAX));
    for (let leftMs = ms; leftMs > 0; leftMs -= partMs) {
      await cluster.clock.advance(Math.min(partMs, leftMs));
      this.lateDrops.look();
      this.#visitCount += 1;
      const dropId = drops[this.#visitCount % drops.length]!;
      for (const node of cluster.nodes) this.clients.send(node, { type: 'get-drop', dropId });
      this.#people.tellPayments(cluster.nodes[this.#visitCount % NODE_IDS.length]);
      await flush();
    }
  }

  async #until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
    try {
      await this.cluster.until(done);
    } catch {
      this.findings.push(`within a minute without faults it never came to this: ${what}`);
    }
  }

  async #caughtUp(): Promise<boolean> {
    const { journal, orderList, feed, consumerPositions } = this.cluster.stores;
    for (let shard = 0; shard < SHARDS; shard++) {
      const { lastSequence } = await journal.head(shard);
      const positions = [
        await orderList.position(shard),
        await feed.position(shard),
        await consumerPositions.load('payments', shard),
      ];
      if (positions.some((position) => position !== lastSequence)) return false;
    }
    return true;
  }

  async #start(nodeId: string, skewMs: number): Promise<void> {
    await this.cluster.clock.advance(1);
    await this.cluster.add(nodeId, skewMs);
  }

  #node(index: number): SimulatedNode | undefined {
    return this.cluster.nodes.find(({ nodeId }) => nodeId === NODE_IDS[index]);
  }
}
