// The owner of a drop is killed while orders come: the time until the first order of that drop is
// served by another node (W3). Orders go to the gateway of a node that lives on, and every order that
// it took is answered or refused, never lost.

import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../measure.ts';
import { DropsUnderLoad } from '../load/drops-under-load.ts';
import type { Gap, PacedReport } from '../load/paced-load.ts';
import type { OperatorApi } from '../../operator/api-client.ts';
import { ClusterServers } from '../servers/cluster-servers.ts';

const ROLES = ['gateway,services,actors', 'actors', 'actors'] as const;
/** Which of them are killed, in turn. */
const OWNERS = ['node-2', 'node-3'] as const;
const LOOK_INTERVAL_MS = 50;
const ROUND_TIMEOUT_MS = 30_000;
const WARM_UP_MS = 3_000;

export interface FailoverOptions {
  readonly rounds: number;
  readonly drops: number;
  readonly ordersPerSecond: number;
}

export interface FailoverRound {
  readonly killed: string;
  /** From the kill to the first order, of each drop that the node had. */
  readonly servedAfterMs: readonly number[];
  /** By HTTP status, from just before the kill until every drop sold again. */
  readonly statuses: Readonly<Record<string, number>>;
}

export async function failover(options: FailoverOptions): Promise<FailoverRound[]> {
  const servers = new ClusterServers({ roles: ROLES });
  const load = new DropsUnderLoad();
  const rounds: FailoverRound[] = [];
  try {
    await servers.start();
    const api = servers.operator();
    await load.start({ servers, ...options });
    await delay(WARM_UP_MS);
    for (let round = 0; round < options.rounds; round++) {
      const owner = OWNERS[round % OWNERS.length]!;
      await gather(api, load.shards, owner);
      rounds.push(await killOwner(servers, load, owner));
      await servers.supervisor.startNode(owner);
    }
    return rounds;
  } finally {
    await load.stop();
    await servers.stop();
  }
}

/** Resolves when the node serves all of the shards. */
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
): Promise<FailoverRound> {
  await load.report();
  const killedAt = Date.now();
  // It stays away: others have to serve.
  await servers.supervisor.stopNode(killed, 'SIGKILL');
  const longest = new Map<number, Gap>();
  const statuses: Record<string, number> = {};
  await until('every drop to sell again', async () => {
    const report = await load.report();
    count(statuses, report);
    for (const gap of report.gaps) {
      // What began earlier and was over soon after the kill was only a slow answer.
      const known = longest.get(gap.drop);
      if (gap.from + gap.ms > killedAt && gap.ms > (known?.ms ?? 0)) longest.set(gap.drop, gap);
    }
    const ended = [...longest.values()].filter(({ ms }) => ms > SESSION_LOST_MS_MIN);
    return ended.length === load.shards.length;
  });
  const servedAfterMs = [...longest.values()].map(({ from, ms }) => from + ms - killedAt);
  return { killed, servedAfterMs, statuses };
}

/** No other node may take over sooner: an owner's session outlives it by more than that. */
const SESSION_LOST_MS_MIN = 1_000;

function count(statuses: Record<string, number>, report: PacedReport): void {
  for (const [status, answers] of Object.entries(report.statuses)) {
    statuses[status] = (statuses[status] ?? 0) + answers;
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + ROUND_TIMEOUT_MS;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await delay(LOOK_INTERVAL_MS);
  }
}

export function describeFailover(rounds: readonly FailoverRound[]): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  const all = rounds.flatMap(({ servedAfterMs }) => servedAfterMs);
  const firsts = rounds.map(({ servedAfterMs }) => Math.min(...servedAfterMs));
  const lasts = rounds.map(({ servedAfterMs }) => Math.max(...servedAfterMs));
  return [
    ...rounds.map(
      ({ killed, statuses }, index) =>
        `${killed} killed: first order elsewhere after ${seconds(firsts[index]!)}, every drop ` +
        `after ${seconds(lasts[index]!)}; answers ${JSON.stringify(statuses)}`,
    ),
    '',
    `from kill -9 to the first order of a drop: median ${seconds(median(all))}, ` +
      `at most ${seconds(Math.max(...all))} (wanted: under 5 s)`,
  ].join('\n');
}
