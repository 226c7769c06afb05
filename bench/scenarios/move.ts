// Moves of shards under load: between two nodes that have run for a while, and back to a node that
// has just started again. The blackout is told twice: by the moves' own records, and as the buyers of
// the drop on that shard saw it, who got no order meanwhile.

import { setTimeout as delay } from 'node:timers/promises';
import { type MoveInfo, MOVES_LISTED_MAX, type OperatorApi } from '../../operator/api-client.ts';
import { realPace } from '../../operator/pace.ts';
import { runRestart } from '../../operator/rolling-restart.ts';
import { DropsUnderLoad } from '../load/drops-under-load.ts';
import type { Gap } from '../load/paced-load.ts';
import { ClusterServers } from '../servers/cluster-servers.ts';

const NODES = ['node-1', 'node-2'] as const;
const ALL_ROLES = 'gateway,actors,services';
const LOOK_INTERVAL_MS = 100;
const ROUND_TIMEOUT_MS = 20_000;
const RESTART_TIMEOUT_MS = 60_000;
/** After a move has ended its drop may still need so long for the first order to come back. */
const AFTER_MOVE_MS = 100;
const WARM_UP_MS = 5_000;

export interface MoveOptions {
  readonly moves: number;
  readonly restarts: number;
  readonly drops: number;
  readonly ordersPerSecond: number;
}

export interface Blackouts {
  readonly moves: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface MoveGroup {
  /** By the records, of every shard that moved. */
  readonly recorded: Blackouts;
  /** By the load, of the shards it orders from. */
  readonly seen: Blackouts;
}

export interface MoveRun {
  readonly ordersPerSecond: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly betweenOld: MoveGroup;
  /** Away from a node that is about to end. */
  readonly fromEnding: MoveGroup | null;
  readonly toRestarted: MoveGroup | null;
  readonly notDone: readonly MoveInfo[];
}

export async function move(options: MoveOptions): Promise<MoveRun> {
  const servers = new ClusterServers({ roles: NODES.map(() => ALL_ROLES) });
  const load = new DropsUnderLoad();
  try {
    await servers.start();
    await load.start({ servers, ...options });
    await delay(WARM_UP_MS);
    return await measureMoves(servers, load, options);
  } finally {
    await load.stop();
    await servers.stop();
  }
}

async function measureMoves(
  servers: ClusterServers,
  load: DropsUnderLoad,
  options: MoveOptions,
): Promise<MoveRun> {
  const records = new MoveRecords(servers.operator());
  // The first time every drop goes both ways is not counted.
  for (const to of [...NODES, ...NODES]) await moveAll(records, load.shards, to);
  await records.take();
  await load.report();
  const startedAt = performance.now();
  for (let round = 0; round * load.shards.length < options.moves; round++) {
    await moveAll(records, load.shards, NODES[round % 2]!);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const between = await records.take();
  const report = await load.report();
  const away: MoveInfo[] = [];
  const back: MoveInfo[] = [];
  const gaps: Gap[] = [];
  for (let restart = 0; restart < options.restarts; restart++) {
    await moveAll(records, load.shards, 'node-2');
    await records.take();
    const moves = await restartNode(records);
    away.push(...moves.filter(({ from }) => from === 'node-2'));
    back.push(...moves.filter(({ to }) => to === 'node-2'));
    gaps.push(...(await load.report()).gaps);
  }
  const { statuses, p50Ms, p99Ms } = report;
  const isDone = ({ result }: MoveInfo): boolean => result === 'done';
  return {
    ordersPerSecond: (statuses['201'] ?? 0) / seconds,
    statuses,
    p50Ms,
    p99Ms,
    betweenOld: groupOf(between.filter(isDone), report.gaps, load.shards),
    fromEnding: options.restarts > 0 ? groupOf(away.filter(isDone), gaps, load.shards) : null,
    toRestarted: options.restarts > 0 ? groupOf(back.filter(isDone), gaps, load.shards) : null,
    notDone: [...between, ...away, ...back].filter((one) => !isDone(one)),
  };
}

/** The records of all moves: the cluster tells only the last ones, so it is asked often. */
class MoveRecords {
  readonly api: OperatorApi;
  readonly #known = new Set<string>();
  #new: MoveInfo[] = [];

  constructor(api: OperatorApi) {
    this.api = api;
  }

  async look(): Promise<readonly MoveInfo[]> {
    for (const record of await this.api.moves(MOVES_LISTED_MAX)) {
      if (this.#known.has(record.id)) continue;
      this.#known.add(record.id);
      this.#new.push(record);
    }
    return this.#new;
  }

  /** Those that came since the last time. */
  async take(): Promise<MoveInfo[]> {
    await this.look();
    const taken = this.#new;
    this.#new = [];
    return taken;
  }
}

/** Resolves when every one of the shards is there. */
async function moveAll(records: MoveRecords, shards: readonly number[], to: string): Promise<void> {
  const { api } = records;
  const until = performance.now() + ROUND_TIMEOUT_MS;
  for (const shard of shards) await api.pin(shard, to, false);
  for (;;) {
    await records.look();
    const there = (await api.shards({ node: to })).filter(({ status }) => status === 'serving');
    if (shards.every((shard) => there.some((row) => row.shard === shard))) return;
    if (performance.now() > until) throw new Error(`not every shard went to ${to}`);
    await delay(LOOK_INTERVAL_MS);
  }
}

/** As `livedrops rolling-restart` does it; resolves to the moves it took. */
async function restartNode(records: MoveRecords): Promise<MoveInfo[]> {
  const { api } = records;
  const node = (await api.nodes()).find(({ nodeId }) => nodeId === 'node-2')!;
  const ended = new AbortController();
  const looking = (async () => {
    while (!ended.signal.aborted) {
      await records.look();
      await delay(LOOK_INTERVAL_MS);
    }
  })();
  const [turn] = await runRestart([node], {
    api,
    timeoutMs: RESTART_TIMEOUT_MS,
    pace: realPace(),
    tell: () => undefined,
  });
  ended.abort();
  await looking;
  if (turn?.ok !== true) throw new Error(`node-2 did not restart: ${turn?.fault}`);
  return await records.take();
}

function groupOf(
  moves: readonly MoveInfo[],
  gaps: readonly Gap[],
  shards: readonly number[],
): MoveGroup {
  const seen = moves
    .filter(({ shard }) => shards.includes(shard))
    .map((one) => longestGap(one, gaps, shards.indexOf(one.shard)));
  return { recorded: spread(moves.map(({ blackoutMs }) => blackoutMs ?? 0)), seen: spread(seen) };
}

function longestGap({ startedAt, endedAt }: MoveInfo, gaps: readonly Gap[], drop: number): number {
  const [from, to] = [Date.parse(startedAt), Date.parse(endedAt) + AFTER_MOVE_MS];
  let longest = 0;
  for (const gap of gaps) {
    if (gap.drop === drop && gap.from < to && gap.from + gap.ms > from)
      longest = Math.max(longest, gap.ms);
  }
  return longest;
}

function spread(values: readonly number[]): Blackouts {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return { moves: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

export function describeMove(run: MoveRun): string {
  const row = (name: string, { moves, p50Ms, p99Ms, maxMs }: Blackouts): string =>
    name.padEnd(44) +
    String(moves).padStart(7) +
    [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(0).padStart(9)).join('');
  const group = (name: string, found: MoveGroup | null): string[] =>
    found === null
      ? []
      : [row(`${name}, recorded`, found.recorded), row(`${name}, as buyers saw it`, found.seen)];
  const other = Object.entries(run.statuses).filter(([status]) => status !== '201');
  return [
    `${run.ordersPerSecond.toFixed(0)} orders a second, p50 ${run.p50Ms.toFixed(1)} ms, ` +
      `p99 ${run.p99Ms.toFixed(1)} ms; ` +
      (other.length === 0 ? 'nothing refused' : `other answers ${JSON.stringify(other)}`),
    '',
    `${'blackouts in ms (wanted: p99 under 100)'.padEnd(44)}  moves      p50      p99      max`,
    ...group('between nodes', run.betweenOld),
    ...group('from a node to be restarted', run.fromEnding),
    ...group('to a node just started', run.toRestarted),
    ...run.notDone.map(({ shard, result, reason }) => `shard ${shard} ${result}: ${reason}`),
  ].join('\n');
}
