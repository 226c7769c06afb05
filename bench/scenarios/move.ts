// Moves shards under load: between two nodes that have run for a while, and back to a node that has
// just restarted. The blackout is measured twice: by the records of the moves, and by the buyers,
// as the longest time without an order of the drop on that shard.

import { setTimeout as delay } from 'node:timers/promises';
import { MOVES_LISTED_MAX, type OperatorApi } from '../../operator/api-client.ts';
import type { Move } from '../../sdk/api.ts';
import { realPace } from '../../operator/pace.ts';
import { runRestart } from '../../operator/rolling-restart.ts';
import { DropsUnderLoad } from '../load/drops-under-load.ts';
import type { Gap, PacedReport } from '../load/paced-load.ts';
import {
  type CommonOptions,
  counted,
  type Figure,
  type Finding,
  LATENCY_PERCENTILES,
  type LatencyPoint,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
  type Log,
} from '../scenario.ts';
import { ClusterServers, missingServers } from '../servers/cluster-servers.ts';

const NODES = ['node-1', 'node-2'] as const;
const ALL_ROLES = 'gateway,actors,services';
const POLL_INTERVAL_MS = 100;
const ROUND_TIMEOUT_MS = 20_000;
const RESTART_TIMEOUT_MS = 60_000;
/** After the end of a move, the first answer to a buyer may still take this long. */
const AFTER_MOVE_MS = 100;
const WARM_UP_MS = 5_000;

const BLACKOUT_AIM_MS = 100;

export interface MoveOptions extends CommonOptions {
  readonly moves: number;
  readonly restarts: number;
  readonly drops: number;
  readonly ordersPerSecond: number;
}

export const move: Scenario<MoveOptions> = {
  name: 'move',
  description: 'shards moved between two nodes under load, and back to one that has just started',
  options: [
    counted('--moves <n>', 'in each round, between nodes that have run for a while', 100),
    counted('--restarts <n>', 'of one node in each round, as rolling-restart does it', 1),
    counted('--drops <n>', 'each on a shard of its own', 8),
    counted('--orders-per-second <n>', 'for each drop', 200),
  ],
  defaults: { rounds: 3 },
  run: runMove,
};

const GROUPS = {
  between: {
    label: 'between two nodes',
    about: 'Both nodes have all roles and have run for a while; shards are pinned to either.',
  },
  away: {
    label: 'from a node to be restarted',
    about: 'A drain before a restart: every shard of the node, with drops or without.',
  },
  back: {
    label: 'to a node just started',
    about: 'The undrain after the restart: the node has compiled nothing yet.',
  },
} as const;
type GroupName = keyof typeof GROUPS;
const GROUP_NAMES = Object.keys(GROUPS) as GroupName[];

const FIGURES: readonly Figure[] = [
  { key: 'moves', label: 'moves', unit: '', better: 'neither', digits: 0 },
  { key: 'recordedP50', label: 'recorded p50', unit: 'ms', better: 'less', digits: 0 },
  { key: 'recordedP99', label: 'recorded p99', unit: 'ms', better: 'less', digits: 0 },
  { key: 'recordedMax', label: 'recorded longest', unit: 'ms', better: 'less', digits: 0 },
  { key: 'seenP50', label: 'seen by buyers p50', unit: 'ms', better: 'less', digits: 0 },
  { key: 'seenP99', label: 'seen by buyers p99', unit: 'ms', better: 'less', digits: 0 },
  { key: 'seenMax', label: 'seen by buyers longest', unit: 'ms', better: 'less', digits: 0 },
  { key: 'orders', label: 'orders meanwhile', unit: 'orders/s', better: 'neither', digits: 0 },
  { key: 'refused', label: 'not ordered', unit: '', better: 'less', digits: 0 },
  { key: 'orderP50', label: 'an order p50', unit: 'ms', better: 'less', digits: 1 },
  { key: 'orderP99', label: 'an order p99', unit: 'ms', better: 'less', digits: 1 },
];

async function runMove(options: MoveOptions, log: Log): Promise<ScenarioReport> {
  const missing = missingServers();
  if (missing !== null) return reportOf(options, [], [missing]);
  const { profileDirectory: directory } = options;
  const servers = new ClusterServers({
    roles: NODES.map(() => ALL_ROLES),
    profiles: directory === null ? null : { directory, names: NODES },
  });
  const load = new DropsUnderLoad();
  try {
    await servers.start();
    await load.start({ servers, ...options });
    await delay(WARM_UP_MS);
    return await measureMoves(servers, load, options, log);
  } finally {
    await load.stop();
    await servers.stop();
  }
}

async function measureMoves(
  servers: ClusterServers,
  load: DropsUnderLoad,
  options: MoveOptions,
  log: Log,
): Promise<ScenarioReport> {
  const records = new MoveRecords(servers.operator());
  // The first moves in both directions are a warm-up and are not counted.
  for (const to of [...NODES, ...NODES]) await moveShards(records, load.shards, to);
  const samples: Record<GroupName, Sample[]> = { between: [], away: [], back: [] };
  const notes: string[] = [];
  for (let round = 0; round < options.rounds; round++) {
    log(`move: round ${round + 1} of ${options.rounds}, between two nodes`);
    const between = await moveBetween(records, load, options);
    samples.between.push(between.sample);
    log(`move: round ${round + 1} of ${options.rounds}, around a restart`);
    const around = await moveAround(records, load, options);
    samples.away.push(around.away);
    samples.back.push(around.back);
    for (const { shard, result, reason } of [...between.notDone, ...around.notDone]) {
      notes.push(`Round ${round + 1}: shard ${shard} ${result}: ${reason}.`);
    }
  }
  const subjects = GROUP_NAMES.map(
    (key): Subject => ({ key, role: 'livedrops', ...GROUPS[key], samples: samples[key] }),
  );
  return reportOf(options, subjects, notes);
}

async function moveBetween(
  records: MoveRecords,
  load: DropsUnderLoad,
  { moves: moveCount }: MoveOptions,
): Promise<{ sample: Sample; notDone: readonly Move[] }> {
  // Brings all shards to one node. These moves are not counted.
  await moveShards(records, load.shards, NODES[1]);
  await records.flush();
  await load.report();
  const startedAt = performance.now();
  for (let turn = 0; turn * load.shards.length < moveCount; turn++) {
    await moveShards(records, load.shards, NODES[turn % 2]!);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const moves = await records.flush();
  const report = await load.report();
  const sample = sampleOf(moves.filter(isDone), report.gaps, load.shards);
  const figures = { ...sample.figures, ...orderFigures(report, seconds) };
  return { sample: { ...sample, figures }, notDone: moves.filter((one) => !isDone(one)) };
}

async function moveAround(
  records: MoveRecords,
  load: DropsUnderLoad,
  { restarts }: MoveOptions,
): Promise<{ away: Sample; back: Sample; notDone: readonly Move[] }> {
  const moves: Move[] = [];
  const gaps: Gap[] = [];
  for (let restart = 0; restart < restarts; restart++) {
    await moveShards(records, load.shards, NODES[1]);
    await records.flush();
    moves.push(...(await restartNode(records, NODES[1])));
    gaps.push(...(await load.report()).gaps);
  }
  const done = moves.filter(isDone);
  const away = done.filter(({ from }) => from === NODES[1]);
  const back = done.filter(({ to }) => to === NODES[1]);
  return {
    away: sampleOf(away, gaps, load.shards),
    back: sampleOf(back, gaps, load.shards),
    notDone: moves.filter((one) => !isDone(one)),
  };
}

function isDone({ result }: Move): boolean {
  return result === 'done';
}

/** Collects the records of all moves. The cluster lists only the last ones, so poll often. */
class MoveRecords {
  readonly api: OperatorApi;
  readonly #known = new Set<string>();
  #new: Move[] = [];

  constructor(api: OperatorApi) {
    this.api = api;
  }

  async poll(): Promise<readonly Move[]> {
    for (const record of await this.api.moves(MOVES_LISTED_MAX)) {
      if (this.#known.has(record.id)) continue;
      this.#known.add(record.id);
      this.#new.push(record);
    }
    return this.#new;
  }

  /** Returns the records since the last call. */
  async flush(): Promise<Move[]> {
    await this.poll();
    const taken = this.#new;
    this.#new = [];
    return taken;
  }
}

/** Pins the shards to a node; resolves when the node serves all of them. */
async function moveShards(
  records: MoveRecords,
  shards: readonly number[],
  to: string,
): Promise<void> {
  const { api } = records;
  const until = performance.now() + ROUND_TIMEOUT_MS;
  for (const shard of shards) await api.pin(shard, to, false);
  for (;;) {
    await records.poll();
    const there = (await api.shards({ node: to })).filter(({ status }) => status === 'serving');
    if (shards.every((shard) => there.some((row) => row.shard === shard))) return;
    if (performance.now() > until) throw new Error(`not every shard went to ${to}`);
    await delay(POLL_INTERVAL_MS);
  }
}

/** Restarts a node with the code of `livedrops rolling-restart`; resolves to the moves. */
async function restartNode(records: MoveRecords, nodeId: string): Promise<Move[]> {
  const { api } = records;
  const node = (await api.nodes()).find((one) => one.nodeId === nodeId)!;
  const ended = new AbortController();
  const polling = (async () => {
    while (!ended.signal.aborted) {
      await records.poll();
      await delay(POLL_INTERVAL_MS);
    }
  })();
  const [turn] = await runRestart([node], {
    api,
    timeoutMs: RESTART_TIMEOUT_MS,
    pace: realPace(),
    write: () => undefined,
  });
  ended.abort();
  await polling;
  if (turn?.ok !== true) throw new Error(`${nodeId} did not restart: ${turn?.fault}`);
  return await records.flush();
}

/** The blackouts of these moves: by their records, and by the buyers of the drops on the shards. */
function sampleOf(moves: readonly Move[], gaps: readonly Gap[], shards: readonly number[]): Sample {
  const recorded = sorted(moves.map(({ blackoutMs }) => blackoutMs ?? 0));
  const seen = sorted(
    moves
      .filter(({ shard }) => shards.includes(shard))
      .map((one) => longestGap(one, gaps, shards.indexOf(one.shard))),
  );
  const figures = {
    moves: moves.length,
    recordedP50: percentile(recorded, 50),
    recordedP99: percentile(recorded, 99),
    recordedMax: percentile(recorded, 100),
    seenP50: percentile(seen, 50),
    seenP99: percentile(seen, 99),
    seenMax: percentile(seen, 100),
  };
  const latency = LATENCY_PERCENTILES.map((at): LatencyPoint => [at, percentile(seen, at)]);
  return { figures, latency };
}

function orderFigures(report: PacedReport, seconds: number): Record<string, number> {
  const { statuses, p50Ms, p99Ms } = report;
  const ordered = statuses['201'] ?? 0;
  const answers = Object.values(statuses).reduce((all, number) => all + number, 0);
  return {
    orders: ordered / seconds,
    refused: answers - ordered,
    orderP50: p50Ms,
    orderP99: p99Ms,
  };
}

function longestGap({ startedAt, endedAt }: Move, gaps: readonly Gap[], drop: number): number {
  const [from, to] = [Date.parse(startedAt), Date.parse(endedAt) + AFTER_MOVE_MS];
  let longest = 0;
  for (const gap of gaps) {
    if (gap.drop === drop && gap.from < to && gap.from + gap.ms > from)
      longest = Math.max(longest, gap.ms);
  }
  return longest;
}

function sorted(values: readonly number[]): readonly number[] {
  return [...values].sort((a, b) => a - b);
}

/** The nearest-rank percentile; 0 without values. */
function percentile(ascending: readonly number[], at: number): number {
  return ascending[Math.max(0, Math.ceil((ascending.length * at) / 100) - 1)] ?? 0;
}

function reportOf(
  options: MoveOptions,
  subjects: readonly Subject[],
  notes: readonly string[],
): ScenarioReport {
  const { rounds, moves, restarts, drops, ordersPerSecond } = options;
  return {
    name: move.name,
    title: 'Moves of shards under load',
    method:
      'Two nodes sell drops that lie on shards of their own, at a steady rate. The shards are ' +
      'pinned to one node and to the other, over and over; then one node is drained, restarted ' +
      'and undrained, by the very steps of `livedrops rolling-restart`. A blackout is told by ' +
      "the move's own record, and as buyers saw it: the longest time without an order of that " +
      "drop around the move, an order's own way included. The latencies are those blackouts.",
    settings: { rounds, moves, restarts, drops, ordersPerSecond },
    figures: FIGURES,
    subjects,
    findings: subjects.flatMap(findingsOf),
    notes,
  };
}

function findingsOf({ label, samples }: Subject): Finding[] {
  const finding = (what: string, key: string): Finding => ({
    label: `p99 of the blackout ${label}, ${what}`,
    unit: 'ms',
    digits: 0,
    samples: samples.map(({ figures }) => figures[key]!),
    better: 'less',
    aim: BLACKOUT_AIM_MS,
  });
  return [finding('recorded', 'recordedP99'), finding('as buyers saw it', 'seenP99')];
}
