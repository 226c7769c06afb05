// One hot drop, and then the same drop sold out: durable orders a second, latency, CPU time and memory for each order, beside the
// ceiling (the bare server answering as many bytes) in the same run.

import { median, type Measurement, measure } from '../measure.ts';
import { PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';
import type { RequestPlan } from '../load/request-plan.ts';

/** With a limit of 1,000 units each, enough for every order a run can make. */
const BUYERS = 4096;
const STOCK = 10_000_000;
/**
 * Long enough that the compiler has seen to the hot functions, and the heap to its working size:
 * after half of it the compiler's threads still take some 5 CPU microseconds of each order, and 1
 * at its end.
 */
const WARM_UP_SECONDS = 20;
/** The bare server has next to nothing to compile. */
const CEILING_WARM_UP_SECONDS = 5;
/** So many orders more that what they keep stands out from what the heap keeps for itself: about half a million here. */
const MEMORY_SECONDS = 15;
/** Memory is read once garbage collection and the read models have caught up. */
const SETTLE_MS = 3000;

export interface OrderHotOptions {
  readonly runs: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface OrderHotRun {
  readonly orders: Measurement;
  readonly ordersByAutocannon: Measurement;
  readonly ceiling: Measurement;
  readonly ceilingByAutocannon: Measurement;
  readonly soldOut: Measurement;
  readonly soldOutCeiling: Measurement;
  readonly bytesPerOrder: number;
}

export async function orderHot(options: OrderHotOptions): Promise<OrderHotRun[]> {
  const runs: OrderHotRun[] = [];
  for (let run = 0; run < options.runs; run++) {
    process.stderr.write(`order-hot: run ${run + 1} of ${options.runs}\n`);
    runs.push(await orderHotRun(options));
  }
  return runs;
}

async function orderHotRun(options: OrderHotOptions): Promise<OrderHotRun> {
  const server = new LiveDropsServer();
  try {
    await server.start();
    const tokens = Array.from({ length: BUYERS }, (_, i) => server.token(`buyer-${i}`));
    const planFor = (dropId: string): RequestPlan => ({
      host: server.host,
      port: server.port,
      path: `/v1/drops/${dropId}/orders`,
      tokens,
      body: '{"quantity":1}',
    });
    const loaded = { server: server.process, warmUpSeconds: WARM_UP_SECONDS, ...options };
    const dropId = await server.drop(STOCK);
    const plan = planFor(dropId);
    const orders = await measure({ ...loaded, plan, generator: 'saturating' });
    expectOnly(orders, '201');
    const before = await memoryOf(server, dropId);
    const ordersByAutocannon = await measure({ ...loaded, plan, generator: 'autocannon' });
    expectOnly(ordersByAutocannon, '2xx');
    await measure({ ...loaded, plan, generator: 'saturating', seconds: MEMORY_SECONDS });
    const after = await memoryOf(server, dropId);
    const bytesPerOrder = (after.bytes - before.bytes) / (after.orders - before.orders);
    const emptyDrop = await server.drop(1);
    await server.order(emptyDrop, 'first');
    const soldOut = await measure({ ...loaded, plan: planFor(emptyDrop), generator: 'saturating' });
    expectOnly(soldOut, '409');
    const ceilings = await ceilingOf(orders, plan, options);
    const soldOutCeiling = (await ceilingOf(soldOut, plan, options)).ceiling;
    return { orders, ordersByAutocannon, ...ceilings, soldOut, soldOutCeiling, bytesPerOrder };
  } finally {
    await server.stop();
  }
}

/** What the process holds at rest, and how many orders there are. */
async function memoryOf(
  server: LiveDropsServer,
  dropId: string,
): Promise<{ bytes: number; orders: number }> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { bytes: server.process.residentBytes(), orders: await server.soldUnits(dropId) };
}

async function ceilingOf(
  measured: Measurement,
  plan: RequestPlan,
  options: OrderHotOptions,
): Promise<{ ceiling: Measurement; ceilingByAutocannon: Measurement }> {
  const script = new URL('../servers/raw-server.ts', import.meta.url).pathname;
  // Its own header is about 60 bytes: the body makes up the rest.
  const bodyBytes = Math.max(1, Math.round(measured.bytesPerAnswer) - 60);
  const server = new PinnedProcess({ core: SERVER_CORE, args: [script, String(bodyBytes)] });
  try {
    const { port } = new URL((await server.line()).replace('ready on ', ''));
    const loaded = {
      server,
      plan: { ...plan, port: Number(port) },
      warmUpSeconds: CEILING_WARM_UP_SECONDS,
      ...options,
    };
    return {
      ceiling: await measure({ ...loaded, generator: 'saturating' }),
      ceilingByAutocannon: await measure({ ...loaded, generator: 'autocannon' }),
    };
  } finally {
    await server.stop();
  }
}

function expectOnly(measurement: Measurement, status: string): void {
  const strange = Object.entries(measurement.statuses).filter(
    ([name, count]) => name !== status && count > 0,
  );
  if (strange.length > 0)
    throw new Error(`expected only ${status}, got ${JSON.stringify(measurement.statuses)}`);
}

export function describeOrderHot(runs: readonly OrderHotRun[]): string {
  const middle = (read: (run: OrderHotRun) => number) => median(runs.map(read));
  const row = (name: string, read: (run: OrderHotRun) => Measurement) =>
    [
      name.padEnd(26),
      middle((run) => read(run).perSecond)
        .toFixed(0)
        .padStart(9),
      middle((run) => read(run).p50Ms)
        .toFixed(2)
        .padStart(8),
      middle((run) => read(run).p99Ms)
        .toFixed(2)
        .padStart(8),
      middle((run) => read(run).serverCpuMicrosPerAnswer)
        .toFixed(1)
        .padStart(9),
      `${(middle((run) => read(run).serverCpuShare) * 100).toFixed(0)} %`.padStart(8),
      `${(middle((run) => read(run).loadCpuShare) * 100).toFixed(0)} %`.padStart(8),
    ].join(' ');
  const ratio = (read: (run: OrderHotRun) => number) => middle(read).toFixed(2);
  return [
    `medians of ${runs.length} runs                 per s   p50 ms   p99 ms  CPU µs   server     load`,
    row('orders', (run) => run.orders),
    row('ceiling', (run) => run.ceiling),
    row('sold out', (run) => run.soldOut),
    row('ceiling, same bytes', (run) => run.soldOutCeiling),
    row('orders (autocannon)', (run) => run.ordersByAutocannon),
    row('ceiling (autocannon)', (run) => run.ceilingByAutocannon),
    '',
    `orders to ceiling:   ${ratio((run) => run.orders.perSecond / run.ceiling.perSecond)} of its rate, ` +
      `${ratio((run) => run.ceiling.serverCpuMicrosPerAnswer / run.orders.serverCpuMicrosPerAnswer)} by CPU time`,
    `sold out to ceiling: ${ratio((run) => run.soldOut.perSecond / run.soldOutCeiling.perSecond)} of its rate, ` +
      `${ratio((run) => run.soldOutCeiling.serverCpuMicrosPerAnswer / run.soldOut.serverCpuMicrosPerAnswer)} by CPU time`,
    `memory: ${middle((run) => run.bytesPerOrder).toFixed(0)} bytes an order`,
  ].join('\n');
}
