// A thousand live drops, each order to a random one: a marketplace on a busy evening. A shard then
// gathers few orders for one journal entry.

import type { RequestPlan } from '../load/request-plan.ts';
import { ORDER_FIGURES } from '../measure.ts';
import {
  CONNECTION_OPTIONS,
  OrderComparison,
  p99Finding,
  profileNotes,
  ceilingFindings,
} from '../order-comparison.ts';
import {
  type CommonOptions,
  counted,
  type Scenario,
  type ScenarioReport,
  type Log,
} from '../scenario.ts';
import { LiveDropsOrderServer } from '../servers/livedrops-order-server.ts';
import { orderPeers } from '../servers/order-peers.ts';
import type { OrderServer } from '../servers/order-server.ts';
import { RawOrderServer } from '../servers/raw-order-server.ts';

const STOCK_OF_EACH = 1_000_000;
const WARM_UP_SECONDS = 15;
const OTHERS_WARM_UP_SECONDS = 5;
/** Drops created concurrently before the measurement. */
const MAKING_MAX = 32;

export interface OrderSpreadOptions extends CommonOptions {
  readonly drops: number;
  readonly connections: number;
  readonly manyConnections: number;
}

export const orderSpread: Scenario<OrderSpreadOptions> = {
  name: 'order-spread',
  description: 'orders spread over a thousand live drops, beside the bare server and the peers',
  options: [counted('--drops <n>', 'live at once', 1_000), ...CONNECTION_OPTIONS],
  defaults: { rounds: 5, seconds: 2 },
  run,
};

async function run(options: OrderSpreadOptions, log: Log): Promise<ScenarioReport> {
  const { drops, connections, manyConnections, rounds, seconds } = options;
  const comparison = new OrderComparison({ ...options, log, status: '201' });
  try {
    const prepare = (server: OrderServer) => dropsOf(server, drops);
    const admit = { prepare, connections, warmUpSeconds: WARM_UP_SECONDS };
    const admitOther = { ...admit, warmUpSeconds: OTHERS_WARM_UP_SECONDS };
    const own = await comparison.admit(new LiveDropsOrderServer(options), admit);
    const { bytesPerAnswer } = own.contender;
    const raw = new RawOrderServer({ bytesPerAnswer, status: '201' });
    const ceiling = await comparison.admit(raw, admitOther);
    const ownMany = await comparison.again(own, manyConnections);
    const ceilingMany = await comparison.again(ceiling, manyConnections);
    const peers = await comparison.admitPeers(options.peers ? orderPeers() : [], admitOther);
    await comparison.measureRounds();
    return {
      name: orderSpread.name,
      title: 'A thousand drops at once',
      method: METHOD,
      settings: { rounds, seconds, drops, connections, manyConnections },
      figures: ORDER_FIGURES,
      subjects: comparison.subjects(),
      findings: [
        ...ceilingFindings(own, ceiling, null),
        ...ceilingFindings(ownMany, ceilingMany, null),
        p99Finding(`p99 at ${connections} connections`, own.samples, null),
        ...comparison.factors(own, peers),
      ],
      notes: [...comparison.notes(own), ...profileNotes(options)],
    };
  } finally {
    await comparison.stop();
  }
}

/** Creates the drops and joins their paths in one plan. */
async function dropsOf(server: OrderServer, drops: number): Promise<RequestPlan> {
  const first = await server.drop(STOCK_OF_EACH);
  const paths = [...first.paths];
  while (paths.length < drops) {
    const making = Math.min(MAKING_MAX, drops - paths.length);
    const plans = await Promise.all(
      Array.from({ length: making }, () => server.drop(STOCK_OF_EACH)),
    );
    paths.push(...plans.flatMap((plan) => plan.paths));
  }
  return { ...first, paths };
}

const METHOD =
  'As with one hot drop, but with a thousand drops live at once, each with more stock than the ' +
  'run can sell; every order goes to one of them at random, the same ones in every run. The ' +
  'drops lie on all shards of LiveDrops, so fewer orders share a journal entry, while all ' +
  'entries that wait still share an fsync. The ceiling gets the same requests and makes nothing ' +
  'durable.';
