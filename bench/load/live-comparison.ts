// Compares live servers with the same number of subscribers. The servers are measured in turns
// while all subscribers stay open, so that a slow minute of the machine affects all servers alike.

import type { LiveServer } from '../servers/live-server.ts';
import type { Log } from '../scenario.ts';
import { type Delivery, LiveLoad } from './live-load.ts';

/**
 * Longer than the interval of stock ticks, so that each change is sent at once as its own frame.
 */
const SINGLE_INTERVAL_MS = 400;
/** A longer interval for very many subscribers, who take the server longer. */
const SINGLE_INTERVAL_MICROS_PER_SUBSCRIBER = 25;
/** The wait before memory is read, for the end of connecting and garbage collection. */
const SETTLE_MS = 3_000;
const WARM_UP_SECONDS = 2;
const IDLE_MS = 2_000;

/** What the open connections cost a server before it sends anything. */
export interface Opened {
  /** The growth of the server's memory for each connection. */
  readonly bytesPerConnection: number;
  readonly connectionsPerSecond: number;
  /** Share of one core, 0 to 1, while nothing is sent. */
  readonly idleCpuShare: number;
}

export interface LiveContender {
  readonly server: LiveServer;
  readonly load: LiveLoad;
  readonly opened: Opened;
}

/** Servers with open subscribers, in the order of measurement. */
export class LiveComparison {
  /** One sentence for each server that was excluded. */
  readonly missing: string[] = [];
  readonly #subscribers: number;
  readonly #log: Log;
  readonly #closing: (() => Promise<void>)[] = [];
  #contenders: readonly LiveContender[] = [];
  /**
   * The size of LiveDrops' frames, which are measured first. The others send frames of that size.
   */
  #frameBytes = 0;

  constructor({ subscribers, log }: { subscribers: number; log: Log }) {
    this.#subscribers = subscribers;
    this.#log = log;
  }

  get contenders(): readonly LiveContender[] {
    return this.#contenders;
  }

  /** The time between two single changes. */
  get #intervalMs(): number {
    const needed = (this.#subscribers * SINGLE_INTERVAL_MICROS_PER_SUBSCRIBER) / 1000;
    return Math.max(SINGLE_INTERVAL_MS, Math.ceil(needed));
  }

  /** Rejects if a server does not start, unless it is a peer. */
  async open(servers: readonly LiveServer[]): Promise<void> {
    const started = [];
    for (const server of servers) {
      this.#closing.push(() => server.stop());
      if (await this.#start(server)) started.push({ server, load: this.#load(server) });
    }
    await pause(SETTLE_MS);
    const before = started.map(({ server }) => server.residentBytes());
    const speeds: number[] = [];
    let network = 0;
    for (const { server, load } of started) {
      const commands = server.subscriberPlans(this.#subscribers).map((plan) => {
        network += 1;
        return { ...plan, type: 'open', network } as const;
      });
      const connectionsPerSecond = await load.open(commands);
      speeds.push(connectionsPerSecond);
      const speed = connectionsPerSecond.toFixed(0);
      this.#log(`${server.label}: ${this.#subscribers} subscribers, ${speed} a second`);
    }
    await pause(SETTLE_MS);
    const idleShares = await idleCpuShares(started.map(({ server }) => server));
    this.#contenders = started.map(({ server, load }, index) => {
      const grown = server.residentBytes() - before[index]!;
      const bytesPerConnection = grown / this.#subscribers;
      const connectionsPerSecond = speeds[index]!;
      const idleCpuShare = idleShares[index]!;
      return { server, load, opened: { bytesPerConnection, connectionsPerSecond, idleCpuShare } };
    });
    for (const contender of this.#contenders) await this.single(contender, WARM_UP_SECONDS);
  }

  /** Measures single changes, each of which is one frame. */
  async single(contender: LiveContender, seconds: number): Promise<Delivery> {
    const intervalMs = this.#intervalMs;
    const frames = Math.max(1, Math.round((seconds * 1000) / intervalMs));
    const { server, load } = contender;
    const bytes = this.#frameBytes;
    const delivery = await load.deliver(() => server.change({ frames, intervalMs, bytes }));
    if (server.role === 'livedrops') this.#frameBytes = Math.round(delivery.frameBytes);
    return delivery;
  }

  /** Closes in reverse order: the subscribers of a server before the server. */
  async close(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close();
  }

  async #start(server: LiveServer): Promise<boolean> {
    try {
      await server.start();
      return true;
    } catch (error) {
      if (server.role !== 'peer') throw error;
      this.missing.push(`${server.label} was excluded: ${(error as Error).message}.`);
      return false;
    }
  }

  #load(server: LiveServer): LiveLoad {
    const load = new LiveLoad({ server });
    this.#closing.push(() => load.close());
    return load;
  }
}

async function idleCpuShares(servers: readonly LiveServer[]): Promise<number[]> {
  const before = servers.map((server) => server.cpuMicros());
  await pause(IDLE_MS);
  return servers.map((server, index) => {
    return (server.cpuMicros() - before[index]!) / (IDLE_MS * 1000);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
