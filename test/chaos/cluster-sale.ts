// A cluster sells one drop of 2,000 units while its owner is killed, the next owner is drained, and
// the one after that is paused for longer than its lease. At the end the clients' histories, the
// journal and `verify` must agree to the unit.

import { UNWATCHED } from '../../actors/run-context.ts';
import type { VerifyReport } from '../../contracts/operator.ts';
import { runOnServer } from '../../operator/run.ts';
import { shardOf, SHARD_COUNT } from '../../domain/ids.ts';
import { Caller } from './caller.ts';
import { check } from './checker.ts';
import { TOLERANCE } from './cluster-test.ts';
import { makeCreators, makeDrop } from './cluster-drops.ts';
import { Gateways } from './cluster-gateways.ts';
import { ClusterServers } from './cluster-servers.ts';
import { RoamingWatcher } from './cluster-watcher.ts';
import { withEvidence } from './evidence.ts';
import { pause, readFinalState, settled } from './final-state.ts';
import { History } from './history.ts';
import { Random } from './random.ts';
import { Watcher } from './watchers.ts';
import { type SaleDrop, World } from './world.ts';

export interface SaleOptions {
  readonly seed: number;
  /** On a Redis Cluster of three masters and three nats-servers. */
  readonly redisCluster: boolean;
  readonly print: (line: string) => void;
}

const NODES = 3;
const STOCK = 2_000;
const LIMIT_PER_USER = 4;
const BUYERS = 1_200;
const CLIENTS = 32;
const WATCHERS = 4;
const QUANTITY_MAX = 2;
const ANSWER_TIMEOUT_MS = 4_000;
/** The pause between two orders of a client, so that units are left at the last fault. */
const THINK_MIN_MS = 100;
const THINK_MAX_MS = 700;
/** The number of sold units at each fault. */
const KILL_AT = 300;
const DRAIN_AT = 800;
const PAUSE_AT = 1_300;
const DOWN_MS = 4_000;
/** Longer than the lifetime of a session. */
const PAUSED_MS = 4_500;
const POLL_INTERVAL_MS = 50;
const WATCHER_LAG_MS = 8_000;

/** Resolves to one sentence for each error; empty if all sources agree. */
export async function runSale(options: SaleOptions): Promise<readonly string[]> {
  const { redisCluster } = options;
  const servers = await ClusterServers.start({
    nodes: NODES,
    redisCluster,
    fullCoverage: true,
  });
  const sale = new Sale(servers, options);
  const kind = redisCluster ? '--cluster --redis-cluster' : '--cluster';
  const about = {
    again: `${kind} --scene sale --seed ${options.seed}`,
    history: sale.history,
    logs: () => servers.logs(),
    print: options.print,
  };
  try {
    const { findings } = await withEvidence(about, async () => ({ findings: await sale.run() }));
    return findings;
  } finally {
    sale.close();
    await servers.stop();
  }
}

class Sale {
  readonly #servers: ClusterServers;
  readonly #print: (line: string) => void;
  readonly #random: Random;
  readonly history = new History();
  readonly #world: World;
  readonly #gateways: Gateways;
  readonly #liveClients: readonly Watcher[];
  readonly #watchers: readonly RoamingWatcher[];
  /** Acknowledged orders with their units, each order once. */
  readonly #acknowledged = new Map<string, number>();
  #acknowledgedUnits = 0;
  #connections = 0;

  constructor(servers: ClusterServers, { seed, print }: SaleOptions) {
    this.#servers = servers;
    this.#print = print;
    this.#random = new Random({ seed });
    this.#world = new World({ authSecret: servers.authSecret, buyers: BUYERS });
    const { urls } = servers;
    this.#gateways = new Gateways({
      urls,
      connectionsMax: CLIENTS * 2,
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
      random: this.#random,
    });
    const world = this.#world;
    const history = this.history;
    const random = this.#random;
    const connections = () => ++this.#connections;
    this.#liveClients = world.buyers
      .slice(0, WATCHERS)
      .map((userId) => new Watcher({ history, userId }));
    this.#watchers = this.#liveClients.map(
      (watcher) => new RoamingWatcher({ watcher, world, urls, random, connections }),
    );
  }

  async run(): Promise<readonly string[]> {
    const caller = this.#caller(1);
    this.#world.creators = await makeCreators(caller);
    const drop = await this.#makeDrop(caller);
    const watching = Promise.all(this.#watchers.map((watcher) => watcher.run()));
    const selling = Promise.all(
      Array.from({ length: CLIENTS }, (_, i) => this.#buy(caller, `client ${i + 1}`, drop)),
    );
    await this.#faults(drop);
    await selling;
    const last = this.#caller(2);
    for (const watcher of this.#watchers) watcher.beginRound(2);
    await settled(last, [drop.id]);
    const final = await readFinalState(last, this.#world);
    const isLevel = ({ userId, lastId }: Watcher): boolean =>
      lastId === (final.feeds.get(userId)?.at(-1)?.id ?? '0');
    const deadline = Date.now() + WATCHER_LAG_MS;
    while (!this.#liveClients.every(isLevel) && Date.now() < deadline)
      await pause(POLL_INTERVAL_MS);
    const verified = (await runOnServer(
      this.#servers.operator(),
      { kind: 'verify' },
      UNWATCHED,
    )) as VerifyReport;
    for (const watcher of this.#watchers) watcher.end();
    await watching;
    await Promise.all(this.#servers.nodeIds.map((nodeId) => this.#servers.stopNode(nodeId)));
    const truth = await this.#servers.readTruth();
    const journalDrop = truth.drops.get(drop.id)!;
    const journalUnits = journalDrop.stock.at(-1)!.sold;
    const listed = [...final.orderLists.values()].flat();
    const listedUnits = listed.reduce((sum, { quantity }) => sum + quantity, 0);
    this.#print(`stocked           ${STOCK} units`);
    this.#print(
      `acknowledged      ${this.#acknowledged.size} orders, ${this.#acknowledgedUnits} units`,
    );
    this.#print(`in the journal    ${journalDrop.orders.length} orders, ${journalUnits} units`);
    this.#print(`in buyers' lists  ${listed.length} orders, ${listedUnits} units`);
    this.#print(`verify            ${verified.ok ? 'ok' : 'NOT ok'}, ${verified.orders} orders`);
    const { statuses } = this.#gateways;
    const answers = [...statuses].map(([status, count]) => `${count} of ${status}`).join(', ');
    this.#print(`answers           ${answers} (0: none)`);
    return [
      ...[this.#acknowledgedUnits, journalUnits, listedUnits]
        .filter((units) => units !== STOCK)
        .map((units) => `S1: ${units} units were sold of ${STOCK}`),
      ...check(this.history, truth, final, TOLERANCE),
      ...verified.findings.map((finding) => `X2: verify says: ${finding}`),
    ];
  }

  close(): void {
    this.#gateways.close();
    for (const watcher of this.#watchers) watcher.end();
  }

  #caller(round: number): Caller {
    const { paymentSecret } = this.#servers;
    const pool = this.#gateways;
    return new Caller({ history: this.history, pool, host: 'livedrops', round, paymentSecret });
  }

  async #makeDrop(caller: Caller): Promise<SaleDrop> {
    const kind = {
      payment: 'instant',
      stock: STOCK,
      limitPerUser: LIMIT_PER_USER,
      startsInMs: 0,
    } as const;
    const drop = await makeDrop(caller, this.#world, this.#random, kind);
    this.#world.addDrop(drop);
    return drop;
  }

  /** Buys until the drop is sold out. Each order is repeated until its outcome is known. */
  async #buy(caller: Caller, client: string, { id: dropId }: SaleDrop): Promise<void> {
    const random = this.#random;
    for (let quantity = QUANTITY_MAX; ; ) {
      await pause(random.integer(THINK_MIN_MS, THINK_MAX_MS));
      const userId = random.pick(this.#world.buyers)!;
      const placed = { userId, dropId, key: this.#world.fresh('key'), quantity };
      const code = await this.#placeUntilKnown(caller, client, placed);
      if (code === 'sold-out') return;
      if (code === 'insufficient-stock') quantity = 1;
    }
  }

  /** Resolves to the code of a refusal, or to the empty string for an order. */
  async #placeUntilKnown(
    caller: Caller,
    client: string,
    placed: { userId: string; dropId: string; key: string; quantity: number },
  ): Promise<string> {
    for (;;) {
      const token = this.#world.token(placed.userId);
      const { status, order } = await caller.place(client, token, placed);
      if (order !== null && !this.#acknowledged.has(order.id)) {
        this.#acknowledged.set(order.id, order.quantity);
        this.#acknowledgedUnits += order.quantity;
      }
      if (status !== 0 && status !== 503) {
        return this.history.attempts.findLast(({ key }) => key === placed.key)!.where.code;
      }
      await pause(THINK_MIN_MS);
    }
  }

  async #faults(drop: SaleDrop): Promise<void> {
    const servers = this.#servers;
    await this.#untilSold(KILL_AT);
    const killed = await this.#ownerOf(drop);
    this.#print(`${this.#acknowledgedUnits} sold: kill -9 of ${killed}, which serves the drop`);
    await servers.killNode(killed);
    const restarting = pause(DOWN_MS).then(() => servers.startNode(killed));

    await this.#untilSold(DRAIN_AT);
    await restarting;
    const drained = await this.#ownerOf(drop);
    this.#print(`${this.#acknowledgedUnits} sold: drain of ${drained}, which serves the drop`);
    await servers.operator().drain(drained, false);

    await this.#untilSold(PAUSE_AT);
    const paused = await this.#ownerOf(drop);
    this.#print(`${this.#acknowledgedUnits} sold: SIGSTOP of ${paused}, which serves the drop`);
    servers.pauseNode(paused);
    await pause(PAUSED_MS);
    servers.continueNode(paused);
    this.#print(`${this.#acknowledgedUnits} sold: SIGCONT of ${paused}`);
    await servers.operator().undrain(drained, false);
  }

  async #untilSold(units: number): Promise<void> {
    while (this.#acknowledgedUnits < units) await pause(POLL_INTERVAL_MS);
  }

  /** Polls until a node serves the drop; resolves to the node. */
  async #ownerOf({ id }: SaleDrop): Promise<string> {
    for (;;) {
      const rows = await this.#servers
        .operator()
        .shards()
        .catch(() => []);
      const row = rows[shardOf(id, SHARD_COUNT)];
      if (row?.status === 'serving' && row.owner !== null) return row.owner;
      await pause(POLL_INTERVAL_MS);
    }
  }
}
