// Kills the owner of drops under load and measures the time until another node serves an order of
// each drop (W3). Orders go to the gateway of a node that survives; each order is answered or
// refused, never lost.

import { setTimeout as delay } from 'node:timers/promises';
import { DropsUnderLoad } from '../load/drops-under-load.ts';
import type { Gap, PacedReport } from '../load/paced-load.ts';
import { median } from '../measure.ts';
import type { OperatorApi } from '../../operator/api-client.ts';
import {
  type CommonOptions,
  counted,
  type Figure,
  type Finding,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
  type Log,
} from '../scenario.ts';
import { ClusterServers, missingServers } from '../servers/cluster-servers.ts';

const ROLES = ['gateway,services,actors', 'actors', 'actors'] as const;
/** The nodes to kill, in turn. */
const OWNERS = ['node-2', 'node-3'] as const;
const POLL_INTERVAL_MS = 50;
const ROUND_TIMEOUT_MS = 30_000;
const WARM_UP_MS = 3_000;
/** A shorter gap is not the failover: the session of a killed owner lasts longer than this. */
const SESSION_LOST_MS_MIN = 1_000;

const FAILOVER_AIM_SECONDS = 5;

const FIGURES: readonly Figure[] = [
  { key: 'first', label: 'first drop sells again', unit: 's', better: 'less', digits: 2 },
  { key: 'median', label: 'half of the drops', unit: 's', better: 'less', digits: 2 },
  { key: 'last', label: 'last drop', unit: 's', better: 'less', digits: 2 },
  { key: 'orders', label: 'orders meanwhile', unit: '', better: 'neither', digits: 0 },
  { key: 'refused', label: 'not ordered', unit: '', better: 'less', digits: 0 },
];

export interface FailoverOptions extends CommonOptions {
  readonly drops: number;
  readonly ordersPerSecond: number;
}

export const failover: Scenario<FailoverOptions> = {
  name: 'failover',
  description: 'the owner of drops is killed under load: until others serve them',
  defaults: { rounds: 5 },
  options: [
    counted('--drops <n>', 'each on a shard of its own', 4),
    counted('--orders-per-second <n>', 'for each drop', 200),
  ],
  run: runFailover,
};

async function runFailover(options: FailoverOptions, log: Log): Promise<ScenarioReport> {
  const missing = missingServers();
  if (missing !== null) return reportOf(options, [], [missing]);
  const { profileDirectory: directory } = options;
  const servers = new ClusterServers({
    roles: ROLES,
    // The other nodes are killed and so write no profile.
    profiles: directory === null ? null : { directory, names: ['node-1'] },
  });
  const load = new DropsUnderLoad();
  const samples: Sample[] = [];
  try {
    await servers.start();
    const api = servers.operator();
    await load.start({ servers, ...options });
    await delay(WARM_UP_MS);
    for (let round = 0; round < options.rounds; round++) {
      const owner = OWNERS[round % OWNERS.length]!;
      log(`failover: round ${round + 1} of ${options.rounds}, ${owner} is killed`);
      await gather(api, load.shards, owner);
      samples.push(await killOwner(servers, load, owner));
      await servers.supervisor.startNode(owner);
    }
    return reportOf(options, [{ ...SUBJECT, samples }], []);
  } finally {
    await load.stop();
    await servers.stop();
  }
}

/** Pins the shards to the node; resolves when the node serves all of them. */
async function gather(api: OperatorApi, shards: readonly number[], owner: string): Promise<void> {
  for (const shard of shards) await api.pin(shard, owner, false);
  await until(`every drop to be on ${owner}`, async () => {
    const there = (await api.shards({ node: owner })).filter(({ status }) => status === 'serving');
    return shards.every((shard) => there.some((row) => row.shard === shard));
  });
}

async function killOwner(
  servers: ClusterServers,
  load: DropsUnderLoad,
  killed: string,
): Promise<Sample> {
  await load.report();
  const killedAt = Date.now();
  // The killed node stays down, so other nodes have to serve.
  await servers.supervisor.stopNode(killed, 'SIGKILL');
  const longest = new Map<number, Gap>();
  const statuses: Record<string, number> = {};
  await until('every drop to sell again', async () => {
    const report = await load.report();
    addStatuses(statuses, report);
    for (const gap of report.gaps) {
      // A short gap that began before the kill was only a slow answer.
      const known = longest.get(gap.drop);
      if (gap.from + gap.ms > killedAt && gap.ms > (known?.ms ?? 0)) longest.set(gap.drop, gap);
    }
    const ended = [...longest.values()].filter(({ ms }) => ms > SESSION_LOST_MS_MIN);
    return ended.length === load.shards.length;
  });
  const servedAfter = [...longest.values()].map(({ from, ms }) => (from + ms - killedAt) / 1000);
  const orders = statuses['201'] ?? 0;
  const answers = Object.values(statuses).reduce((all, number) => all + number, 0);
  return {
    figures: {
      first: Math.min(...servedAfter),
      median: median(servedAfter),
      last: Math.max(...servedAfter),
      orders,
      refused: answers - orders,
    },
  };
}

function addStatuses(statuses: Record<string, number>, report: PacedReport): void {
  for (const [status, answers] of Object.entries(report.statuses)) {
    statuses[status] = (statuses[status] ?? 0) + answers;
  }
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + ROUND_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`timeout: waited for ${what}`);
    await delay(POLL_INTERVAL_MS);
  }
}

const SUBJECT: Omit<Subject, 'samples'> = {
  key: 'cluster',
  label: 'three nodes',
  role: 'livedrops',
  about: 'A gateway node and two owners, on one Redis and one NATS; sessions last three seconds.',
};

function reportOf(
  options: FailoverOptions,
  subjects: readonly Subject[],
  notes: readonly string[],
): ScenarioReport {
  const { rounds, drops, ordersPerSecond } = options;
  return {
    name: failover.name,
    title: 'Failover',
    method:
      'The owner of all drops is killed with SIGKILL and stays away, while orders come at a ' +
      'steady rate for each drop through the gateway of another node. The time is from the kill ' +
      "to the next order of a drop; an owner's session lasts up to three seconds of it.",
    settings: { rounds, drops, ordersPerSecond },
    figures: FIGURES,
    subjects,
    findings: subjects.map(findingOf),
    notes,
  };
}

function findingOf({ samples }: Subject): Finding {
  return {
    label: 'from kill -9 to an order of every drop',
    unit: 's',
    digits: 2,
    samples: samples.map(({ figures }) => figures['last']!),
    better: 'less',
    aim: FAILOVER_AIM_SECONDS,
  };
}
