// Creates drops on different shards of a cluster and puts a steady load on all of them. The
// scenarios that move or lose shards use it.

import { shardOf, SHARD_COUNT } from '../../domain/ids.ts';
import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';
import type { ClusterServers } from '../servers/cluster-servers.ts';
import type { PacedJob, PacedReport } from './paced-load.ts';

const STOCK = 10_000_000;
const BUYERS = 256;
const CONNECTIONS = 8;
/** The most drops created to find one on an unused shard. */
const TRIES_MAX = 16;

export interface DropsUnderLoadOptions {
  readonly servers: ClusterServers;
  readonly drops: number;
  /** For each drop. */
  readonly ordersPerSecond: number;
  /** Of each drop; the default is enough where answers are prompt. */
  readonly connections?: number;
  /** No drop is on one of these. */
  readonly exceptShards?: readonly number[];
}

export class DropsUnderLoad {
  /** The shard of each drop. */
  readonly shards: number[] = [];
  readonly #load: PinnedProcess;

  constructor() {
    const script = new URL('./paced-load.ts', import.meta.url).pathname;
    this.#load = new PinnedProcess({ core: LOAD_CORE, args: [script] });
  }

  /** Resolves when every drop has sold a unit. */
  async start(options: DropsUnderLoadOptions): Promise<void> {
    const {
      servers,
      drops,
      ordersPerSecond,
      connections = CONNECTIONS,
      exceptShards = [],
    } = options;
    const tokens = Array.from({ length: BUYERS }, (_, i) => servers.token(`buyer-${i}`));
    const { host, port } = servers;
    const plans = [];
    for (let tries = 0; plans.length < drops && tries < drops * TRIES_MAX; tries++) {
      const dropId = await servers.drop(STOCK);
      const shard = shardOf(dropId, SHARD_COUNT);
      if (this.shards.includes(shard) || exceptShards.includes(shard)) continue;
      this.shards.push(shard);
      plans.push({ host, port, paths: [`/v1/drops/${dropId}/orders`], tokens, body: BODY });
    }
    if (plans.length < drops) throw new Error(`no ${drops} drops on different shards were created`);
    const job: PacedJob = { plans, connections, ordersPerSecond };
    this.#load.write(JSON.stringify(job));
    await this.#load.line();
  }

  /** The report for the time since the previous report. */
  async report(): Promise<PacedReport> {
    this.#load.write('report');
    return JSON.parse(await this.#load.line()) as PacedReport;
  }

  async stop(): Promise<void> {
    await this.#load.stop();
  }
}

const BODY = '{"quantity":1}';
