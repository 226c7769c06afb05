// GraphQL beside what it stands on: one drop read by a query and by REST, and one drop watched by
// subscriptions and by the live stream. Costs are CPU time of the server.

import { LiveComparison } from '../load/live-comparison.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { RequestPlan } from '../load/request-plan.ts';
import { type ClosedLoop, measure } from '../measure.ts';
import {
  type CommonOptions,
  counted,
  type Finding,
  type Log,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
} from '../scenario.ts';
import { LiveDrop } from '../servers/live-drop.ts';
import { LoneNode } from '../servers/live-nodes.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';

const STOCK = 1_000;
const WARM_UP_SECONDS = 3;
/** What a frame of a subscription may cost of one of the live stream (G3). */
const FRAME_COST_AIM = 1.7;
const QUERY = `{ drop(id: "DROP") {
  restId status soldOut stocked held sold free startsAt endsAt unitAmount { amount currency }
} }`;

export interface GraphQLOptions extends CommonOptions {
  readonly connections: number;
  readonly subscribers: number;
}

export const graphql: Scenario<GraphQLOptions> = {
  name: 'graphql',
  description: 'a drop read by GraphQL beside REST, and watched beside the live stream',
  options: [
    counted('--connections <n>', 'keep-alive connections that read', 64),
    counted('--subscribers <n>', 'subscribers of one drop, of each kind', 10_000),
  ],
  defaults: { rounds: 5, seconds: 3 },
  run,
};

type Key = 'rest' | 'query' | 'live' | 'subscription';

const ABOUT: Readonly<Record<Key, readonly [label: string, about: string]>> = {
  rest: ['REST, a read', 'GET /v1/drops/{id}: from the gateway’s copy of the drop.'],
  query: ['GraphQL, a read', 'GET /v1/graphql: twelve fields of the same drop.'],
  live: ['live stream, a frame', 'Signed-in viewers of one drop, by the server’s own fan-out.'],
  subscription: [
    'GraphQL, a frame',
    'Subscriptions of one drop with the same document: one execution for each change.',
  ],
};

async function run(options: GraphQLOptions, log: Log): Promise<ScenarioReport> {
  const samples: Record<Key, Sample[]> = { rest: [], query: [], live: [], subscription: [] };
  await measureReads(options, log, samples);
  await measureFrames(options, log, samples);
  const { rounds, seconds, connections, subscribers } = options;
  return {
    name: graphql.name,
    title: 'GraphQL',
    method: METHOD,
    settings: { rounds, seconds, connections, subscribers },
    figures: [
      { key: 'cpuMicros', label: 'server CPU', unit: 'µs', better: 'less', digits: 1 },
      { key: 'p99Ms', label: 'p99', unit: 'ms', better: 'less', digits: 2 },
    ],
    subjects: (Object.keys(ABOUT) as Key[]).map((key): Subject => {
      const [label, about] = ABOUT[key];
      return { key, label, role: 'livedrops', about, samples: samples[key] };
    }),
    findings: [
      timesOf('a read by GraphQL, of the CPU of REST', samples.query, samples.rest, null),
      timesOf(
        'a frame of a subscription, of the CPU of the live stream',
        samples.subscription,
        samples.live,
        FRAME_COST_AIM,
      ),
    ],
    notes: [],
  };
}

async function measureReads(
  { rounds, seconds, connections }: GraphQLOptions,
  log: Log,
  samples: Record<Key, Sample[]>,
): Promise<void> {
  const load: ClosedLoop = new LoadProcess({ generator: 'saturating' });
  const server = new LiveDropsServer([]);
  try {
    await server.start();
    const dropId = await server.dropOf({ productId: await server.product(), stock: STOCK });
    const { host, port } = server;
    const planOf = (path: string): RequestPlan => {
      return { host, port, paths: [path], tokens: [''], body: null };
    };
    const query = encodeURIComponent(QUERY.replace('DROP', dropId));
    const plans = {
      rest: planOf(`/v1/drops/${dropId}`),
      query: planOf(`/v1/graphql?query=${query}`),
    };
    for (let round = 0; round < rounds; round++) {
      log(`reads, round ${round + 1} of ${rounds}`);
      for (const key of ['rest', 'query'] as const) {
        const { process } = server;
        const warmUpSeconds = round === 0 ? WARM_UP_SECONDS : 0.2;
        const asked = { plan: plans[key], connections, seconds, warmUpSeconds, load } as const;
        const measured = await measure({ ...asked, server: process, generator: 'saturating' });
        const { errors, statuses, answers, serverCpuMicrosPerAnswer: cpuMicros, p99Ms } = measured;
        if (errors > 0 || statuses['200'] !== answers)
          throw new Error(`${key} was answered ${JSON.stringify(statuses)}`);
        samples[key].push({ figures: { cpuMicros, p99Ms } });
      }
    }
  } finally {
    await load.stop();
    await server.stop();
  }
}

async function measureFrames(
  { rounds, seconds, subscribers }: GraphQLOptions,
  log: Log,
  samples: Record<Key, Sample[]>,
): Promise<void> {
  const comparison = new LiveComparison({ subscribers, log });
  try {
    await comparison.open([
      new LiveDrop({ nodes: new LoneNode({ nodeArgs: [] }) }),
      new LiveDrop({ nodes: new LoneNode({ nodeArgs: [] }), by: 'GraphQL' }),
    ]);
    for (let round = 0; round < rounds; round++) {
      log(`${subscribers} subscribers, round ${round + 1} of ${rounds}`);
      for (const contender of comparison.contenders) {
        const {
          cpuMicrosPerFrame: cpuMicros,
          frame,
          missed,
        } = await comparison.single(contender, seconds);
        if (missed > 0) throw new Error(`${missed} frames were missed`);
        const p99Ms = frame.find(([percentile]) => percentile === 99)![1];
        const key = contender.server.key === 'graphql' ? 'subscription' : 'live';
        samples[key].push({ figures: { cpuMicros, p99Ms } });
      }
    }
  } finally {
    await comparison.close();
  }
}

function timesOf(
  label: string,
  of: readonly Sample[],
  to: readonly Sample[],
  aim: number | null,
): Finding {
  const cpu = ({ figures }: Sample) => figures['cpuMicros']!;
  const samples = of.map((sample, round) => cpu(sample) / cpu(to[round]!));
  return { label, unit: '', digits: 2, samples, better: 'less', aim };
}

const METHOD =
  'A closed loop reads one live drop, by REST and by a GET of GraphQL, in turns. Then the same ' +
  'number of subscribers watch one drop by the live stream and by GraphQL over WebSocket, with ' +
  'the same fields, on two servers; orders change its stock one at a time. The CPU time of a ' +
  'frame is that of the server, orders included, divided by the frames that its subscribers got.';
