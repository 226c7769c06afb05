// Several live servers, each with as many subscribers, that are measured in turns while all of
// their subscribers stay open: a slow minute of the machine is everybody's.

import type { LiveServer } from '../servers/live-server.ts';
import type { Tell } from '../scenario.ts';
import { type Delivery, LiveStage } from './live-stage.ts';

/** Further apart than stock ticks, so that each change is a frame of its own, sent at once. */
const SINGLE_INTERVAL_MS = 400;
/** The same, where so many subscribers take the server longer. */
const SINGLE_INTERVAL_MICROS_PER_SUBSCRIBER = 25;
/** Memory is read once garbage collection and the opening are over. */
const SETTLE_MS = 3_000;
const WARM_UP_SECONDS = 2;
const IDLE_MS = 2_000;

/** What the subscribers of a server cost it before anything is sent. */
export interface Opened {
  /** By how much the server's memory has grown, for each. */
  readonly bytesPerConnection: number;
  readonly connectionsPerSecond: number;
  /** Of one core, 0 to 1, while nothing is sent. */
  readonly idleCpuShare: number;
}

export interface Performer {
  readonly server: LiveServer;
  readonly stage: LiveStage;
  readonly opened: Opened;
}

/** The servers with their subscribers open, in the order in which they are measured. */
export class LiveCompany {
  /** Why others are not among them. */
  readonly missing: string[] = [];
  readonly #subscribers: number;
  readonly #tell: Tell;
  readonly #closing: (() => Promise<void>)[] = [];
  #performers: readonly Performer[] = [];
  /** Of LiveDrops' own frames, measured first: the others' are made as large. */
  #frameBytes = 0;

  constructor({ subscribers, tell }: { subscribers: number; tell: Tell }) {
    this.#subscribers = subscribers;
    this.#tell = tell;
  }

  get performers(): readonly Performer[] {
    return this.#performers;
  }

  /** Between two single changes. */
  get #intervalMs(): number {
    const needed = (this.#subscribers * SINGLE_INTERVAL_MICROS_PER_SUBSCRIBER) / 1000;
    return Math.max(SINGLE_INTERVAL_MS, Math.ceil(needed));
  }

  /** Rejects where one of them does not start, unless it is a peer. */
  async open(servers: readonly LiveServer[]): Promise<void> {
    const started = [];
    for (const server of servers) {
      this.#closing.push(() => server.stop());
      if (await this.#start(server)) started.push({ server, stage: this.#stage(server) });
    }
    await pause(SETTLE_MS);
    const before = started.map(({ server }) => server.residentBytes());
    const speeds: number[] = [];
    let network = 0;
    for (const { server, stage } of started) {
      const commands = server.audiences(this.#subscribers).map((audience) => {
        network += 1;
        return { ...audience, type: 'open', network } as const;
      });
      const connectionsPerSecond = await stage.open(commands);
      speeds.push(connectionsPerSecond);
      const speed = connectionsPerSecond.toFixed(0);
      this.#tell(`${server.label}: ${this.#subscribers} subscribers, ${speed} a second`);
    }
    await pause(SETTLE_MS);
    const idleShares = await idleCpuShares(started.map(({ server }) => server));
    this.#performers = started.map(({ server, stage }, index) => {
      const grown = server.residentBytes() - before[index]!;
      const bytesPerConnection = grown / this.#subscribers;
      const connectionsPerSecond = speeds[index]!;
      const idleCpuShare = idleShares[index]!;
      return { server, stage, opened: { bytesPerConnection, connectionsPerSecond, idleCpuShare } };
    });
    for (const performer of this.#performers) await this.single(performer, WARM_UP_SECONDS);
  }

  /** Single changes, each a frame of its own. */
  async single(performer: Performer, seconds: number): Promise<Delivery> {
    const intervalMs = this.#intervalMs;
    const frames = Math.max(1, Math.round((seconds * 1000) / intervalMs));
    const { server, stage } = performer;
    const bytes = this.#frameBytes;
    const delivery = await stage.deliver(() => server.change({ frames, intervalMs, bytes }));
    if (server.role === 'livedrops') this.#frameBytes = Math.round(delivery.frameBytes);
    return delivery;
  }

  /** In reverse: a server's subscribers before itself. */
  async close(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close();
  }

  async #start(server: LiveServer): Promise<boolean> {
    try {
      await server.start();
      return true;
    } catch (error) {
      if (server.role !== 'peer') throw error;
      this.missing.push(`${server.label} was left out: ${(error as Error).message}.`);
      return false;
    }
  }

  #stage(server: LiveServer): LiveStage {
    const stage = new LiveStage({ server });
    this.#closing.push(() => stage.close());
    return stage;
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
