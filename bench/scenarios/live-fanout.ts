// Very many subscribers of one drop over real WebSockets. Measures the time from the request of a
// change to its frame at each client, the CPU time of a delivered frame, and the memory of an idle
// connection. Servers that only publish frames of the same size are measured in the same rounds.

import { LiveComparison, type Opened } from '../load/live-comparison.ts';
import type { LiveLoad } from '../load/live-load.ts';
import {
  type CommonOptions,
  counted,
  type LatencyPoint,
  type Scenario,
  type ScenarioReport,
  type Log,
} from '../scenario.ts';
import { missingServers } from '../servers/cluster-servers.ts';
import { LiveDrop } from '../servers/live-drop.ts';
import { GatewayCluster, LoneNode } from '../servers/live-nodes.ts';
import {
  type LiveServer,
  PEER_PUBLISHERS,
  Publisher,
  PublisherGroup,
  RAW_PUBLISHER,
} from '../servers/live-server.ts';
import { type Crowd, crowdOf, machineBounds } from './live-fanout-crowd.ts';
import {
  FANOUT_FIGURES,
  fanoutFindings,
  type FanoutRound,
  type FanoutSubject,
  subjectOfReport,
} from './live-fanout-report.ts';

/** Shorter than the interval of stock ticks, so that one frame covers several changes. */
const STORM_INTERVAL_MS = 10;
/** The larger measurement needs at least this multiple of the usual subscribers. */
const MANY_FACTOR_MIN = 1.5;

export interface LiveFanoutOptions extends CommonOptions {
  readonly subscribers: number;
  readonly manySubscribers: number;
}

async function run(options: LiveFanoutOptions, log: Log): Promise<ScenarioReport> {
  const { manySubscribers, peers } = options;
  const notes: string[] = [];
  const servers = peers ? 2 + PEER_PUBLISHERS.length : 2;
  const oneProcess = { ...machineBounds(options.subscribers, servers), processesMax: 1 };
  const { subscribers } = crowdOf(options.subscribers, oneProcess);
  if (subscribers < options.subscribers) notes.push(fewer(options.subscribers, subscribers));
  const usual = await measureUsual({ ...options, subscribers }, log, notes);
  const bounds = machineBounds(manySubscribers, 2);
  const many = crowdOf(
    manySubscribers,
    missingServers() === null ? bounds : { ...bounds, processesMax: 1 },
  );
  const enough = many.subscribers >= subscribers * MANY_FACTOR_MIN;
  if (enough) {
    if (many.subscribers < manySubscribers) notes.push(fewer(manySubscribers, many.subscribers));
    if (many.processes > 1) notes.push(spread(many));
    await measureMany(options, many, log, usual);
  } else {
    notes.push(
      `${manySubscribers} subscribers were not measured: this machine's open files and memory ` +
        `allow ${many.subscribers}, too few for a second measurement.`,
    );
  }
  return {
    name: 'live-fanout',
    title: 'A change of stock to every subscriber',
    method:
      'Signed-in subscribers of one drop are open over WebSockets, from many loopback ' +
      'addresses. Orders change its stock, first one at a time, then a hundred a ' +
      'second; in each round another drop starts for them as well. Times count to every single ' +
      'subscriber: for LiveDrops from when the order is sent, so that HTTP and the fsync are in ' +
      'them, or from the time set for the start; for the others from the publish. CPU time is ' +
      "that of all the server's threads, divided by the frames that its subscribers got. The " +
      'subscribers of all servers stay open and idle while one server is measured.',
    settings: {
      rounds: options.rounds,
      seconds: options.seconds,
      subscribers,
      manySubscribers: enough ? many.subscribers : 0,
      manyProcesses: enough ? many.processes : 0,
      ordersPerSecondInStorm: 1000 / STORM_INTERVAL_MS,
    },
    figures: FANOUT_FIGURES,
    subjects: usual.map(subjectOfReport),
    findings: fanoutFindings(usual, { subscribers, many: enough ? many.subscribers : null }),
    notes: [...notes, ...remarks(usual)],
  };
}

async function measureUsual(
  options: LiveFanoutOptions,
  log: Log,
  notes: string[],
): Promise<FanoutSubject[]> {
  const { subscribers, seconds, profileDirectory } = options;
  const comparison = new LiveComparison({ subscribers, log });
  try {
    const nodeArgs =
      profileDirectory === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
    const drop = new LiveDrop({ nodes: new LoneNode({ nodeArgs }) });
    const kinds = options.peers ? [RAW_PUBLISHER, ...PEER_PUBLISHERS] : [RAW_PUBLISHER];
    await comparison.open([drop, ...kinds.map((kind) => new Publisher({ kind }))]);
    notes.push(...comparison.missing);
    const subjects = comparison.contenders.map(({ server, opened }) => subjectOf(server, opened));
    for (let round = 0; round < options.rounds; round++) {
      log(`${subscribers} subscribers, round ${round + 1} of ${options.rounds}`);
      for (const [index, contender] of comparison.contenders.entries()) {
        const isOurs = contender.server === drop;
        const start = isOurs ? await startOf(drop, contender.load) : null;
        const single = await comparison.single(contender, seconds);
        const storm = isOurs ? await stormOf(drop, contender.load, seconds) : null;
        subjects[index]!.rounds.push({ start, single, storm, many: null });
      }
    }
    return subjects;
  } finally {
    await comparison.close();
  }
}

async function startOf(drop: LiveDrop, load: LiveLoad): Promise<readonly LatencyPoint[]> {
  const next = await drop.nextDrop();
  await load.say(next.subscribe);
  const { frame } = await load.deliver(() => drop.startDrop(next.id));
  await load.say(next.unsubscribe);
  return frame;
}

async function stormOf(
  drop: LiveDrop,
  load: LiveLoad,
  seconds: number,
): Promise<NonNullable<FanoutRound['storm']>> {
  let answers: readonly LatencyPoint[] = [];
  const orders = Math.round((seconds * 1000) / STORM_INTERVAL_MS);
  const delivery = await load.deliver(async () => {
    const placed = await drop.placeOrders({ orders, intervalMs: STORM_INTERVAL_MS });
    answers = placed.answers;
    return placed.requestedAt;
  });
  return { delivery, answers };
}

/**
 * Measures LiveDrops and the ceiling with many subscribers, on new servers, in several processes if
 * one process may not open enough files. The figures are added to those of the same round.
 */
async function measureMany(
  { seconds, rounds }: LiveFanoutOptions,
  { subscribers, processes }: Crowd,
  log: Log,
  usual: readonly FanoutSubject[],
): Promise<void> {
  const comparison = new LiveComparison({ subscribers, log });
  try {
    const several = processes > 1;
    const nodes = several
      ? new GatewayCluster({ gateways: processes })
      : new LoneNode({ nodeArgs: [] });
    const drop = new LiveDrop({ nodes });
    await comparison.open([drop, new PublisherGroup({ kind: RAW_PUBLISHER, processes })]);
    for (let round = 0; round < rounds; round++) {
      log(`${subscribers} subscribers, round ${round + 1} of ${rounds}`);
      for (const contender of comparison.contenders) {
        const delivery = await comparison.single(contender, seconds);
        const subject = usual.find(({ key }) => key === contender.server.key)!;
        subject.rounds[round]!.many = { delivery, opened: contender.opened };
      }
    }
  } finally {
    await comparison.close();
  }
}

function subjectOf({ key, label, role, about }: LiveServer, opened: Opened): FanoutSubject {
  return { key, label, role, about, opened, rounds: [] };
}

function fewer(requested: number, measured: number): string {
  return (
    `${measured} subscribers instead of ${requested}: more do not fit into this machine's memory ` +
    'or into the open files of one process (ulimit -Hn, as root); over several processes they ' +
    'are spread only where redis-server and nats-server are.'
  );
}

function spread({ subscribers, processes, filesPerProcess }: Crowd): string {
  return (
    `${subscribers} subscribers are spread over ${processes} processes of each server, since one ` +
    `may open ${filesPerProcess} files here: over ${processes} gateway nodes of a cluster, whose ` +
    'CPU time and memory are reported, and as many bare servers. All of them, and the ' +
    "cluster's other processes, share the server's core. What the nodes do while nothing is sent " +
    'is in the CPU time of a frame.'
  );
}

function remarks(subjects: readonly FanoutSubject[]): string[] {
  const notes = [
    'LiveDrops paces stock ticks so that orders keep half of the process: in the storm a ' +
      'frame stands for several orders.',
    'Memory of an idle connection is measured once, when all are open; it is the same in ' +
      'every round.',
  ];
  for (const { label, rounds } of subjects) {
    const missed = rounds.reduce((sum, { single, storm }) => {
      return sum + single.missed + (storm?.delivery.missed ?? 0);
    }, 0);
    if (missed > 0)
      notes.push(`${label}: ${missed} frames did not reach a subscriber that was behind.`);
  }
  return notes;
}

export const liveFanout: Scenario<LiveFanoutOptions> = {
  name: 'live-fanout',
  description: 'very many subscribers of one drop, beside servers that only publish',
  options: [
    counted('--subscribers <n>', 'open WebSockets to each server', 10_000),
    counted(
      '--many-subscribers <n>',
      'the same once more, without the peers; as many as the machine allows',
      50_000,
    ),
  ],
  defaults: { rounds: 3 },
  run,
};
