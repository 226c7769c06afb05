// A reconnect storm: very many signed-in clients lose the live stream at once and reconnect as fast
// as they can, while orders go on. Measures how long each client takes to be up to date and what it
// costs the server. Fails if a stored notification is lost or comes twice. A bare server accepts
// the same number of upgrades for comparison.

import { allowOpenFiles } from '../file-limit.ts';
import { LiveCrowd } from '../load/live-crowd.ts';
import type { PacedJob } from '../load/paced-load.ts';
import type { RequestPlan } from '../load/request-plan.ts';
import { SteadyBuyers } from '../load/steady-buyers.ts';
import {
  type CommonOptions,
  counted,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Log,
} from '../scenario.ts';
import { Publisher, RAW_PUBLISHER } from '../servers/live-server.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';
import { CONNECT_FIGURES, connectFindings, connectSubjects } from './live-connect-report.ts';

const STOCK = 10_000_000;
/** Enough that no order waits long for a free connection. */
const ORDER_CONNECTIONS = 200;
const AWAY_MS = 1_500;
/** About this share of the clients misses the confirmation of an order while disconnected. */
const AWAY_ORDERS_SHARE = 0.8;
const AWAY_CONNECTIONS = 64;
/** The wait for orders that were in flight when the load stopped. */
const LAST_ORDERS_MS = 500;
const FILES_BESIDE_SOCKETS = 512;

export interface LiveConnectOptions extends CommonOptions {
  readonly connections: number;
  readonly ordersPerSecond: number;
}

/** LiveDrops, its clients, and the drop that the clients watch and buy. */
class Sale {
  readonly #server: LiveDropsServer;
  readonly #crowd: LiveCrowd;
  readonly #options: LiveConnectOptions;
  #dropId = '';
  #plan: RequestPlan | null = null;

  constructor({ options }: { options: LiveConnectOptions }) {
    const { profileDirectory, connections } = options;
    const nodeArgs =
      profileDirectory === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
    this.#options = options;
    this.#server = new LiveDropsServer(nodeArgs);
    this.#crowd = new LiveCrowd({ server: this.#server.process, connections });
  }

  async open(): Promise<void> {
    const { connections } = this.#options;
    await this.#server.start();
    this.#dropId = await this.#server.drop(STOCK);
    const { host, port } = this.#server;
    const tokens = Array.from({ length: connections }, (_, i) => this.#server.token(`client-${i}`));
    const paths = [`/v1/drops/${this.#dropId}/orders`];
    this.#plan = { host, port, paths, tokens, body: '{"quantity":1}' };
    await this.#crowd.open({
      type: 'open',
      host,
      port,
      connections,
      paths: tokens.map((token) => `/v1/notifications?access_token=${token}`),
      network: 1,
      topic: `drop:${this.#dropId}`,
    });
  }

  /** All buyers are clients, so each sold unit is one notification to a client. */
  async storm(): Promise<Sample> {
    const { ordersPerSecond, seconds } = this.#options;
    const buyers = new SteadyBuyers();
    try {
      await buyers.start(this.#job(ordersPerSecond, ORDER_CONNECTIONS));
      await pause(seconds * 1000);
      const quiet = await buyers.report();
      await this.#crowd.lose();
      const ordersWhileAway = await this.#away();
      await buyers.report();
      const { figures, latency } = await this.#crowd.return();
      const busy = await buyers.report();
      await buyers.stop();
      return {
        latency,
        figures: {
          ...figures,
          quietOrderP99Ms: quiet.p99Ms,
          orderP50Ms: busy.p50Ms,
          orderP99Ms: busy.p99Ms,
          orderMaxMs: busy.maxMs,
          ordersWhileAway,
          ...(await this.#check()),
        },
      };
    } finally {
      await buyers.stop();
    }
  }

  async stop(): Promise<void> {
    await this.#crowd.stop();
    await this.#server.stop();
  }

  /** Sells while the clients are disconnected. Resolves to the number of orders. */
  async #away(): Promise<number> {
    const before = await this.#server.soldUnits(this.#dropId);
    const orders = this.#options.connections * AWAY_ORDERS_SHARE;
    const buyers = new SteadyBuyers();
    try {
      await buyers.start(this.#job((orders * 1000) / AWAY_MS, AWAY_CONNECTIONS));
      await pause(AWAY_MS);
    } finally {
      await buyers.stop();
    }
    return (await this.#server.soldUnits(this.#dropId)) - before;
  }

  /** Throws if a notification was lost or came twice: the figures of such a run have no value. */
  async #check(): Promise<{ lost: number; repeated: number }> {
    await pause(LAST_ORDERS_MS);
    const sold = await this.#server.soldUnits(this.#dropId);
    const { received, repeated } = await this.#crowd.expect(sold);
    const lost = sold - received;
    if (lost !== 0 || repeated > 0)
      throw new Error(`of ${sold} notifications ${lost} were lost, and ${repeated} came twice`);
    return { lost, repeated };
  }

  #job(ordersPerSecond: number, connections: number): PacedJob {
    return { plans: [this.#plan!], connections, ordersPerSecond };
  }
}

async function run(options: LiveConnectOptions, log: Log): Promise<ScenarioReport> {
  const { connections, rounds, seconds, ordersPerSecond } = options;
  allowOpenFiles(connections + FILES_BESIDE_SOCKETS);
  const sale = new Sale({ options });
  const raw = new Publisher({ kind: RAW_PUBLISHER });
  const upgrades = new LiveCrowd({ server: raw, connections });
  const ours: Sample[] = [];
  const ceiling: Sample[] = [];
  try {
    await sale.open();
    await raw.start();
    const [{ host, port, paths }] = raw.subscriberPlans(connections);
    await upgrades.open({ type: 'open', host, port, connections, paths, network: 2, topic: null });
    for (let round = 0; round < rounds; round++) {
      log(`${connections} clients, round ${round + 1} of ${rounds}`);
      ours.push(await sale.storm());
      await upgrades.lose();
      await pause(AWAY_MS);
      ceiling.push(await upgrades.return());
    }
  } finally {
    await upgrades.stop();
    await raw.stop();
    await sale.stop();
  }
  const subjects = connectSubjects(ours, ceiling);
  return {
    name: 'live-connect',
    title: 'Everybody comes back at once',
    method:
      'All clients of the live stream lose their connections in the same moment and stay away ' +
      'for a while, in which most of them miss the confirmation of an order. Then all come back ' +
      'as fast as they can: each signs in, resumes its notifications after the last one it saw, ' +
      'and subscribes to the drop, while orders go on at a steady rate. A client is back when it ' +
      'has the snapshot and everything it missed; its time counts from when the first one ' +
      'started, so the wait for its turn is in it. At the end every unit sold must have come to ' +
      'its buyer as one notification, each once and in order, or the scenario fails. CPU time ' +
      'has in it what the orders cost meanwhile.',
    settings: { rounds, seconds, connections, ordersPerSecond, awayMs: AWAY_MS },
    figures: CONNECT_FIGURES,
    subjects,
    findings: connectFindings(subjects),
    notes: [
      'The bare server does not identify clients and sends nothing. Beyond an upgrade, a ' +
        'returning client costs the token check, two reads, and the frames that it missed.',
    ],
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export const liveConnect: Scenario<LiveConnectOptions> = {
  name: 'live-connect',
  description: 'everybody loses the live stream at once and resumes it, while orders go on',
  options: [
    counted('--connections <n>', 'signed-in clients that come back', 5_000),
    counted('--orders-per-second <n>', 'meanwhile, at a steady rate', 200),
  ],
  run,
};
