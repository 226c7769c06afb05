// What due work costs its neighbours: cancellations of drops with very many orders, and very many
// holds that end together, beside drops that open, close and end a few holds, and beside a steady
// load of orders (D2a). Real shards, SQLite stores and read models in one process, whose event
// loop the load shares: an order's latency counts from the moment at which it should have been
// sent, so a blocked event loop is part of it. Both commands read a job (JSON) and print one line
// of JSON:
//   `due-work.ts prepare DIRECTORY JOB` fills the drops, and exits like a crash.
//   `due-work.ts run DIRECTORY JOB` serves such a directory, or a copy, through the job's seconds;
//   with `quiet` as a third argument nothing is cancelled and no hold of the large drop ends.

import pino from 'pino';
import { type Clock, systemClock } from '../../actors/clock.ts';
import { dropTopic, InProcessLiveBus } from '../../actors/live-bus.ts';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import { shardOf } from '../../domain/ids.ts';
import { ProjectionsConsumer } from '../../events/lists/projections-consumer.ts';
import { Relay } from '../../events/relay.ts';
import { SqliteSpillStore } from '../../storage/sqlite/spill-sqlite.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { Neighbours, OrderLoad } from './due-work-neighbours.ts';
import { Latencies, type Spread } from './latencies.ts';

export interface DueWorkJob {
  /** Drops that are cancelled, each in a shard of its own as long as there are enough. */
  readonly cancelledDrops: number;
  readonly ordersPerCancelledDrop: number;
  /** Holds of one further drop that end in one millisecond; 0 for none. */
  readonly endingHolds: number;
  /** Drops that open, later end a hold, and close; half of them in the first heavy shard. */
  readonly neighbours: number;
  /** To drops in shards without heavy work, and as many to a drop in the first heavy shard. */
  readonly ordersPerSecond: number;
  readonly seconds: number;
}

export interface DueWorkFigures {
  /** How late a neighbour's opening, closing or end of a hold was published as durable. */
  readonly openings: Spread;
  readonly closings: Spread;
  readonly holdEnds: Spread;
  /** Of orders in shards without heavy work; of those in the first heavy shard. */
  readonly ordersElsewhere: Spread;
  readonly ordersBeside: Spread;
  readonly orders: number;
  /**
   * CPU time of the event loop's thread between two ticks of the load, which are a millisecond
   * apart where nothing holds them up: what a turn costs, whatever else the machine does.
   */
  readonly turns: Spread;
  /** Neighbours that opened and closed within the run. */
  readonly neighboursSeen: number;
  /** How long the read models' oldest waiting fact had waited at the end. */
  readonly relayLagMs: number;
  /** From the start of the heavy work to its end; null if it took longer than the run, or quiet. */
  readonly cancelledAfterMs: number | null;
  readonly holdsEndedAfterMs: number | null;
}

/** The wall time of everything prepared. Runs begin shortly before its holds end. */
const PREPARED_AT = 1_800_000_000_000;
const HOLD_SECONDS = 86_400;
/** How long a neighbour is open; its one hold ends in between. */
const NEIGHBOUR_OPEN_MS = 2500;
/** From a neighbour's opening until all of it is surely measured. */
const NEIGHBOUR_LIFE_MS = 3500;
/** A quiet run is set so much before the holds end. */
const QUIET_EARLIER_MS = 36_000_000;
/** From the start of a run to the heavy work: orders and compiled code become steady. */
const WARM_UP_MS = 4000;
const HEAVY_AT = PREPARED_AT + HOLD_SECONDS * 1000;
const ORDERS_PER_CALL = 256;
const DROPS_ELSEWHERE = 20;
const STOCK_MAX = 10_000_000;
const CREATOR = { userId: 'creator', operator: false };

const [command, directory = '', jobText = '{}', mode = ''] = process.argv.slice(2);
const job = JSON.parse(jobText) as DueWorkJob;
const stores = await openSqliteStores({ directory });
const bus = new InProcessLiveBus();
const log = pino({ level: 'warn' }, pino.destination(2));
let wallNow = (): number => PREPARED_AT;
const clock: Clock = { ...systemClock, now: () => wallNow() };

const done = command === 'prepare' ? await prepare() : await run(mode === 'quiet');
await stores.close();
process.stdout.write(`${JSON.stringify(done)}\n`);
// Exits at once, although the shards have timers.
process.exit();

/** An id of the shard, or of another shard than those. */
function idIn(name: string, fits: (shard: number) => boolean): string {
  for (let i = 0; ; i++) {
    const id = `d_${name}_${i}`;
    if (fits(shardOf(id, stores.shardCount))) return id;
  }
}

function cancelledId(index: number): string {
  return idIn(`cancelled${index}`, (shard) => shard === index % stores.shardCount);
}
function endingId(): string {
  return idIn('ending', (shard) => shard === 0);
}

function heavyShards(): Set<number> {
  const count = Math.min(Math.max(job.cancelledDrops, 1), stores.shardCount);
  return new Set(Array.from({ length: count }, (_, shard) => shard));
}

function termsOf(id: string, change: Partial<DropTerms>): DropTerms {
  return {
    id,
    productId: 'p_1',
    creatorId: CREATOR.userId,
    startsAt: PREPARED_AT,
    endsAt: HEAVY_AT + 3_600_000,
    unitAmount: 100,
    currency: 'EUR',
    limitPerUser: 1000,
    holdSeconds: HOLD_SECONDS,
    payment: 'instant',
    ...change,
  };
}

async function create(host: ShardHost, terms: DropTerms): Promise<void> {
  const dropId = terms.id;
  await execute(host, [{ type: 'create-drop', dropId, terms, stock: STOCK_MAX }]);
}

async function execute(host: ShardHost, commands: readonly DropCommand[]): Promise<void> {
  const refused = (await host.execute(commands)).find((reply) => !reply.ok);
  if (refused !== undefined) throw new Error(`a command was refused: ${JSON.stringify(refused)}`);
}

async function prepare(): Promise<{ seconds: number }> {
  const startedAt = performance.now();
  const host = new ShardHost({ ...stores, nodeId: 'bench', bus, clock, log });
  await host.start();
  for (let index = 0; index < job.cancelledDrops; index++) {
    const id = cancelledId(index);
    await create(host, termsOf(id, {}));
    await fill(host, id, job.ordersPerCancelledDrop);
  }
  await create(host, termsOf(endingId(), { payment: 'provider' }));
  await fill(host, endingId(), job.endingHolds);
  await markProjectionsCurrent(host);
  return { seconds: (performance.now() - startedAt) / 1000 };
}

async function fill(host: ShardHost, dropId: string, count: number): Promise<void> {
  for (let placed = 0; placed < count; placed += ORDERS_PER_CALL) {
    const length = Math.min(ORDERS_PER_CALL, count - placed);
    await execute(
      host,
      Array.from({ length }, (_, i) => placeOrder(dropId, `user-${placed + i}`)),
    );
  }
}

function placeOrder(dropId: string, userId: string): DropCommand {
  return { type: 'place-order', dropId, userId, key: crypto.randomUUID(), quantity: 1 };
}

/** Sets the consumer's positions to the end: the read models are taken to have kept up. */
async function markProjectionsCurrent(host: ShardHost): Promise<void> {
  const ends = host.shards.map(({ id: shard, sequence }) => {
    return { shard, sequence, time: PREPARED_AT, rows: [] };
  });
  await stores.readModels.store(ends, () => false);
}

async function run(quiet: boolean): Promise<DueWorkFigures> {
  const relay = new Relay({
    ...stores,
    consumers: [new ProjectionsConsumer({ ...stores, liveBus: bus })],
    openSpill: () => new SqliteSpillStore(),
    clock,
    log,
  });
  const host = new ShardHost({ ...stores, nodeId: 'bench', bus, facts: relay, clock, log });
  const heavyAt = quiet ? HEAVY_AT - QUIET_EARLIER_MS : HEAVY_AT;
  // Time stands still until everything is set up.
  wallNow = () => heavyAt - WARM_UP_MS;
  await host.start();
  const heavy = heavyShards();
  const fits = (shard: number) => heavy.size === stores.shardCount || !heavy.has(shard);
  const elsewhere = Array.from({ length: DROPS_ELSEWHERE }, (_, i) => idIn(`elsewhere${i}`, fits));
  const beside = [idIn('beside', (shard) => shard === 0)];
  for (const id of [...elsewhere, ...beside]) await create(host, termsOf(id, {}));
  const neighbours = new Neighbours({ host, bus, now: () => wallNow() });
  const spreadMs = job.seconds * 1000 - NEIGHBOUR_LIFE_MS;
  for (let i = 0; i < job.neighbours; i++) {
    const id = idIn(`neighbour${i}`, (shard) => (shard === 0) === (i % 2 === 0));
    const startsAt = heavyAt + Math.floor((i * spreadMs) / job.neighbours) + 1;
    const times = { startsAt, endsAt: startsAt + NEIGHBOUR_OPEN_MS };
    await create(host, termsOf(id, { ...times, payment: 'provider', holdSeconds: 1 }));
    neighbours.watch(id, times);
  }
  await relay.caughtUp();
  const startedAt = performance.now();
  wallNow = () => Math.floor(heavyAt - WARM_UP_MS + (performance.now() - startedAt));
  host.shards.forEach((shard) => shard.pump());
  return await measure({ host, relay, neighbours, elsewhere, beside, quiet, startedAt });
}

interface Running {
  readonly host: ShardHost;
  readonly relay: Relay;
  readonly neighbours: Neighbours;
  readonly elsewhere: readonly string[];
  readonly beside: readonly string[];
  readonly quiet: boolean;
  readonly startedAt: number;
}

async function measure(running: Running): Promise<DueWorkFigures> {
  const { host, relay, neighbours, elsewhere, beside, quiet, startedAt } = running;
  const countFrom = startedAt + WARM_UP_MS;
  const { ordersPerSecond } = job;
  const loads = [elsewhere, beside].map(
    (drops) => new OrderLoad({ host, drops, ordersPerSecond, startedAt, countFrom }),
  );
  const turns = new Latencies();
  let cpuBefore = process.threadCpuUsage();
  const ticking = setInterval(() => {
    const cpu = process.threadCpuUsage(cpuBefore);
    cpuBefore = process.threadCpuUsage();
    if (performance.now() >= countFrom) turns.add((cpu.user + cpu.system) / 1000);
    for (const load of loads) load.tick();
  }, 1);
  const wait = (until: number) =>
    new Promise((resolve) => setTimeout(resolve, until - performance.now()));
  await wait(countFrom);
  const cancelled = Array.from({ length: quiet ? 0 : job.cancelledDrops }, (_, i) =>
    cancelledId(i),
  );
  const cancelledAfter = cancelled.map((id) => settledAfterMs(id, 'sold', countFrom));
  const holdsEndedAfter = settledAfterMs(endingId(), 'held', countFrom);
  for (const dropId of cancelled)
    void host.execute([{ type: 'cancel-drop', dropId, caller: CREATOR }]);
  await wait(countFrom + job.seconds * 1000);
  clearInterval(ticking);
  const lag = relay.lag();
  await Promise.all(loads.map((load) => load.settled()));
  await Promise.all([host.stop(), relay.stop()]);
  const [ofElsewhere, ofBeside] = loads.map((load) => load.latencies);
  const cancelledAfterMs = cancelledAfter.map((after) => after());
  return {
    openings: neighbours.openings.spread(),
    closings: neighbours.closings.spread(),
    holdEnds: neighbours.holdEnds.spread(),
    ordersElsewhere: ofElsewhere!.spread(),
    ordersBeside: ofBeside!.spread(),
    orders: ofElsewhere!.count + ofBeside!.count,
    turns: turns.spread(),
    neighboursSeen: neighbours.closings.count,
    cancelledAfterMs: cancelledAfterMs.includes(null)
      ? null
      : Math.max(0, ...cancelledAfterMs.map(Number)),
    holdsEndedAfterMs: holdsEndedAfter(),
    relayLagMs: Math.max(...lag.map(({ ms }) => ms)),
  };
}

/** Returns a function that tells when the drop had no such units left, or null. */
function settledAfterMs(
  dropId: string,
  units: 'held' | 'sold',
  since: number,
): () => number | null {
  let after: number | null = null;
  bus.subscribe(dropTopic(dropId), (message) => {
    if (message.type === 'drop' && message.view[units] === 0 && after === null)
      after = performance.now() - since;
  });
  return () => after;
}
