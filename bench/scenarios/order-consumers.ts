// What a slow consumer of events costs orders: one hot drop, sold by a server without one, by one
// whose consumer sleeps a second for each batch, and by one whose consumer burns a second of CPU
// for each, in turns.

import { median, ORDER_FIGURES } from '../measure.ts';
import { OrderComparison, type Series, subjectOf } from '../order-comparison.ts';
import { threadCpuMicrosOf } from '../process-usage.ts';
import {
  type CommonOptions,
  counted,
  type Finding,
  ratio,
  type Scenario,
  type ScenarioReport,
  type Log,
} from '../scenario.ts';
import { LiveDropsOrderServer } from '../servers/livedrops-order-server.ts';

const STOCK = 10_000_000;
const WARM_UP_SECONDS = 10;

export interface OrderConsumersOptions extends CommonOptions {
  readonly connections: number;
}

export const orderConsumers: Scenario<OrderConsumersOptions> = {
  name: 'order-consumers',
  description: 'one hot drop beside consumers of events that sleep and that burn the CPU',
  options: [counted('--connections <n>', 'keep-alive connections', 64)],
  defaults: { rounds: 5, seconds: 3 },
  run,
};

async function run(options: OrderConsumersOptions, log: Log): Promise<ScenarioReport> {
  const { rounds, seconds, connections } = options;
  const comparison = new OrderComparison({ ...options, log, status: '201' });
  try {
    const series: Series[] = [];
    const servers = (['none', 'sleeps', 'burns'] as const).map(
      (consumer) => new LiveDropsOrderServer({ profileDirectory: null, consumer }),
    );
    for (const server of servers) {
      const prepare = () => server.drop(STOCK);
      series.push(
        await comparison.admit(server, { prepare, connections, warmUpSeconds: WARM_UP_SECONDS }),
      );
    }
    const before = await Promise.all(series.map(usageOf));
    await comparison.measureRounds();
    const after = await Promise.all(series.map(usageOf));
    const [plain, ...slow] = series;
    return {
      name: orderConsumers.name,
      title: 'Orders beside slow consumers',
      method: METHOD,
      settings: { rounds, seconds, connections },
      figures: ORDER_FIGURES,
      subjects: comparison.subjects(),
      findings: slow.flatMap((one) => toPlain(one, plain!)),
      notes: [
        ...comparison.notes(plain!),
        ...series.map(({ label }, i) => {
          const [micros, orders] = [0, 1].map((at) => after[i]![at]! - before[i]![at]!);
          return `${label}: ${(micros! / orders!).toFixed(1)} CPU us of the main thread an order.`;
        }),
        ...series.map(({ label, samples }) => {
          const rates = samples.map(({ figures }) => figures['perSecond']!);
          return `${label}: ${median(rates).toFixed(0)} orders a second in the middle round.`;
        }),
      ],
    };
  } finally {
    await comparison.stop();
  }
}

/** CPU microseconds of the main thread, and orders. */
async function usageOf({ contender }: Series): Promise<readonly [number, number]> {
  const server = contender.server as LiveDropsOrderServer;
  const orders = await server.sold(contender.plan);
  return [threadCpuMicrosOf(server.sale.process.pid), orders];
}

function toPlain(slow: Series, plain: Series): Finding[] {
  const [of, to] = [subjectOf(slow), subjectOf(plain)];
  const about = (figure: string) => `${figure} of ${of.label}, to none`;
  const p99 = about('p99, none’s to it');
  return [
    ratio({ label: about('rate'), of, to, figure: 'perSecond', aim: null }),
    ratio({ label: p99, of, to, figure: 'p99Ms', aim: null, inverse: true }),
  ];
}

const METHOD =
  'As in order-hot. The three servers differ in one consumer, which follows the journals in a ' +
  'thread of its own: none, one that sleeps a second for each batch of facts, and one that uses ' +
  'a second of CPU for each. All threads of a server share one core, so the burning consumer ' +
  'takes what the lower priority of its thread leaves it. CPU time of the main thread is the ' +
  'kernel’s account of that thread over all rounds, divided by its orders.';
