// Crowds that only look: one hot drop card, one product, one list of drops, one search, each from
// the caches of the gateway (C2), beside the bare server with as many bytes; and storms on what was
// evicted a moment before. `--against` measures other checkouts in the same rounds, such as one
// without caches.

import { setTimeout as delay } from 'node:timers/promises';
import { LoadProcess } from '../load/load-process.ts';
import type { RequestPlan } from '../load/request-plan.ts';
import { type ClosedLoop, measure, type Measurement, ORDER_FIGURES, sampleOf } from '../measure.ts';
import { openCheckout } from '../other-checkout.ts';
import {
  type CommonOptions,
  counted,
  type Finding,
  type Log,
  ratio,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
} from '../scenario.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';
import { RawOrderServer } from '../servers/raw-order-server.ts';

const WARM_UP_SECONDS = 4;
const STOCK = 1_000;
const DROPS = 20;
const CEILING_AIM = 0.8;
/** Short: most of the storm waits for one load. */
const STORM_SECONDS = 0.5;

const READS = ['drop card', 'product', 'list', 'search'] as const;
type ReadOf = (typeof READS)[number];
/** What a storm reads, how often that was loaded, and how often it may be meanwhile. */
const STORMS = [
  { read: 'product', loads: productLoads, loadsAim: 1 },
  // Once each 200 to 250 ms, and the storm of very many lasts longer.
  { read: 'search', loads: (server: LiveDropsServer) => server.searches(), loadsAim: null },
] as const;
type StormOf = (typeof STORMS)[number];
const FOUND_TIMEOUT_MS = 30_000;
const FOUND_POLL_MS = 100;

export interface BrowseOptions extends CommonOptions {
  readonly connections: number;
  readonly stormConnections: number;
  readonly against: string;
}

export const browse: Scenario<BrowseOptions> = {
  name: 'browse',
  description: 'crowds that read one card, product, list or search, and storms on what was evicted',
  options: [
    counted('--connections <n>', 'keep-alive connections', 64),
    counted('--storm-connections <n>', 'connections of the storm', 1_000),
    {
      flags: '--against <checkouts>',
      description: 'commits or directories, with commas, to measure beside this one',
      default: '',
    },
  ],
  defaults: { rounds: 5, seconds: 2 },
  run,
};

/** A server with its paths by what is read. */
interface Browsed {
  readonly label: string;
  readonly server: LiveDropsServer;
  readonly plans: Readonly<Record<ReadOf, RequestPlan>>;
  readonly remove: () => void;
}

interface Storm {
  readonly p99Ms: number;
  readonly loads: number;
}

interface Samples {
  readonly label: string;
  readonly role: Subject['role'];
  readonly about: string;
  readonly samples: Sample[];
}

async function run(options: BrowseOptions, log: Log): Promise<ScenarioReport> {
  const { rounds } = options;
  const load: ClosedLoop = new LoadProcess({ generator: 'saturating' });
  const browsed: Browsed[] = [];
  const raw: RawOrderServer[] = [];
  const rows = new Map<string, Samples>();
  const storms = new Map<StormOf, Storm[]>(STORMS.map((of) => [of, []]));
  try {
    browsed.push(await startOwn('LiveDrops'));
    for (const name of options.against.split(',').filter((one) => one !== ''))
      browsed.push(await startOther(name));
    const own = browsed[0]!;
    const rawPlans = {} as Record<ReadOf, { server: RawOrderServer; plan: RequestPlan }>;
    for (const read of READS) {
      const { bytesPerAnswer } = await measureRead(own.server.process, own.plans[read], 1);
      const server = new RawOrderServer({ bytesPerAnswer, status: '200' });
      raw.push(server);
      await server.start();
      const { host, port } = await server.drop();
      rawPlans[read] = { server, plan: { ...own.plans[read], host, port } };
    }
    for (let round = 0; round < rounds; round++) {
      log(`round ${round + 1} of ${rounds}`);
      for (const read of READS) {
        for (const { label, server, plans } of browsed) {
          const measured = await measureRead(server.process, plans[read], options.seconds);
          add(`${label}, ${read}`, 'livedrops', ABOUT_OWN, measured);
        }
        const { server, plan } = rawPlans[read];
        const measured = await measureRead(server, plan, options.seconds);
        add(`bare uWebSockets.js, ${read}`, 'ceiling', server.about, measured);
      }
      for (const [of, measured] of storms) measured.push(await storm(own, of));
    }
    return report(options, [...rows.values()], storms);
  } finally {
    await load.stop();
    for (const { server, remove } of browsed) {
      await server.stop();
      remove();
    }
    for (const server of raw) await server.stop();
  }

  async function measureRead(
    server: { cpuMicros(): number; residentBytes(): number },
    plan: RequestPlan,
    seconds: number,
  ): Promise<Measurement> {
    const warmUpSeconds = rows.size < READS.length ? WARM_UP_SECONDS : 0.2;
    const { connections } = options;
    const generator = 'saturating';
    const asked = { server, plan, generator, load, connections, seconds, warmUpSeconds } as const;
    const measured = await measure(asked);
    const { statuses, errors, answers } = measured;
    if (errors > 0 || statuses['200'] !== answers)
      throw new Error(`${plan.paths[0]} was answered ${JSON.stringify(statuses)}`);
    return measured;
  }

  function add(label: string, role: Samples['role'], about: string, measured: Measurement): void {
    const row = rows.get(label) ?? { label, role, about, samples: [] };
    rows.set(label, row);
    row.samples.push(sampleOf(measured));
  }

  /** All at once for what no cache has. */
  async function storm({ server, plans }: Browsed, { read, loads }: StormOf): Promise<Storm> {
    await server.operator().evictCaches({ all: true });
    const before = await loads(server);
    const { p99Ms } = await load.run({
      plan: plans[read],
      connections: options.stormConnections,
      seconds: STORM_SECONDS,
    });
    return { p99Ms, loads: (await loads(server)) - before };
  }
}

/** Products are fresh for longer than a storm lasts, so none is loaded behind a reader. */
async function productLoads(server: LiveDropsServer): Promise<number> {
  const [node] = await server.operator().caches();
  return node?.caches?.find(({ kind }) => kind === 'products')?.misses ?? 0;
}

const ABOUT_OWN = 'The whole server on SQLite; rate limits are off.';

async function startOwn(label: string, command?: string, remove = (): void => undefined) {
  const server = new LiveDropsServer([], undefined, command);
  await server.start();
  const productId = await server.product();
  const dropId = await server.dropOf({ productId, stock: STOCK });
  for (let i = 1; i < DROPS; i++) await server.dropOf({ productId, stock: STOCK });
  const { host, port } = server;
  const planOf = (path: string): RequestPlan => {
    return { host, port, paths: [path], tokens: [''], body: null };
  };
  const plans = {
    'drop card': planOf(`/v1/drops/${dropId}`),
    product: planOf(`/v1/products/${productId}`),
    list: planOf('/v1/drops?status=live'),
    search: planOf('/v1/search?q=sneaker&type=drops'),
  };
  await found(server);
  return { label, server, plans, remove };
}

/** Resolves when the index has what can be searched. */
async function found(server: LiveDropsServer): Promise<void> {
  const deadline = performance.now() + FOUND_TIMEOUT_MS;
  for (;;) {
    const [node] = await server.operator().searchNodes();
    if (node?.index?.isBuilding === false && node.index.documents > DROPS) return;
    if (performance.now() > deadline) throw new Error('the drops were not indexed in time');
    await delay(FOUND_POLL_MS);
  }
}

async function startOther(name: string): Promise<Browsed> {
  const checkout = openCheckout(name);
  return await startOwn(checkout.name, checkout.command, checkout.remove);
}

function report(
  { rounds, seconds, connections, stormConnections, against }: BrowseOptions,
  rows: readonly Samples[],
  storms: ReadonlyMap<StormOf, readonly Storm[]>,
): ScenarioReport {
  const subjects = rows.map((row): Subject => ({ key: row.label, ...row }));
  const subject = (label: string) => subjects.find((one) => one.label === label)!;
  const ratios = READS.map(
    (read): Finding =>
      ratio({
        label: `${read}, of the ceiling's rate`,
        aim: read === 'drop card' ? CEILING_AIM : null,
        of: subject(`LiveDrops, ${read}`),
        to: subject(`bare uWebSockets.js, ${read}`),
        figure: 'perSecond',
      }),
  );
  const ofStorm = { digits: 0, better: 'less', aim: null } as const;
  return {
    name: browse.name,
    title: 'Browsing',
    method: METHOD,
    settings: { rounds, seconds, connections, stormConnections, against },
    figures: ORDER_FIGURES.map((figure) => {
      return figure.key === 'perSecond' ? { ...figure, unit: 'answers/s' } : figure;
    }),
    subjects,
    findings: [
      ...ratios,
      ...[...storms].flatMap(([{ read, loadsAim }, measured]): Finding[] => [
        {
          ...ofStorm,
          label: `loads of ${stormConnections} connections on a ${read} that was evicted`,
          unit: 'loads',
          samples: measured.map(({ loads }) => loads),
          aim: loadsAim,
        },
        {
          ...ofStorm,
          label: `p99 of that storm on a ${read}`,
          unit: 'ms',
          samples: measured.map(({ p99Ms }) => p99Ms),
        },
      ]),
    ],
    notes: [],
  };
}

const METHOD =
  'A closed loop reads one path again and again: the card of a live drop, its product, a ' +
  'page of 20 live drops, and a search that finds them. The ceiling answers each with as many ' +
  'bytes and does nothing else. In each round all caches are evicted before many connections ' +
  'read the product at once, and again before they ask that search. What is searched for is ' +
  'loaded anew each quarter of a second.';
