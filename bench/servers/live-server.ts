// A server of a comparison that sends frames to very many clients. All clients subscribe to one
// topic, and a change of the topic is one frame to each client. The bare uWebSockets.js server is
// the ceiling; `ws` and Socket.IO are alternatives from the package bench/peers. Each server is a
// script that prints its address and publishes by the commands of its input.

import { fileURLToPath } from 'node:url';
import type { RequestTimes, SubscriberPlan, Subscription } from '../load/live-subscribers.ts';
import type { MeasuredServer } from '../measure.ts';
import { PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import type { Role } from '../scenario.ts';
import type { PublishCommand } from './live-raw-server.ts';
import { installPeers } from './peers/packages.ts';

export interface LiveServer extends MeasuredServer {
  readonly key: string;
  readonly label: string;
  readonly role: Role;
  readonly about: string;
  /** Starts on the server's core. Rejects with a message if something that it needs is missing. */
  start(): Promise<void>;
  /** Plans for this number of clients, one plan for each process of the server. */
  subscriberPlans(connections: number): readonly SubscriberPlan[];
  /** Changes the topic several times, far enough apart that each change is its own frame. */
  change(plan: PublishCommand): Promise<RequestTimes>;
  stop(): Promise<void>;
}

interface PublisherKind {
  readonly key: string;
  readonly label: string;
  readonly role: Role;
  readonly about: string;
  /** Relative to this file. */
  readonly script: string;
  readonly client: Pick<Subscription, 'paths' | 'hello' | 'subscribedPrefix' | 'heartbeat'>;
}

const PLAIN = { paths: ['/'], hello: null, subscribedPrefix: null, heartbeat: null };

export const RAW_PUBLISHER: PublisherKind = {
  key: 'raw',
  label: 'uWebSockets.js publish',
  role: 'ceiling',
  about:
    'A bare uWebSockets.js server that publishes frames of the same size to the same clients:' +
    ' no order, no journal, no accounts.',
  script: './live-raw-server.ts',
  client: PLAIN,
};

export const PEER_PUBLISHERS: readonly PublisherKind[] = [
  {
    key: 'ws',
    label: 'ws',
    role: 'peer',
    about:
      'ws 8 on Node, each frame encoded once for all clients: publishes, and does nothing else.',
    script: '../peers/stream/ws-server.mjs',
    client: PLAIN,
  },
  {
    key: 'socket-io',
    label: 'Socket.IO',
    role: 'peer',
    about: 'Socket.IO 4 on Node, one room, WebSockets only: publishes, and does nothing else.',
    script: '../peers/stream/socket-io-server.mjs',
    client: {
      paths: ['/socket.io/?EIO=4&transport=websocket'],
      hello: '40',
      subscribedPrefix: '42["drop.snapshot"',
      heartbeat: { ping: '2', pong: '3' },
    },
  },
];

export class Publisher implements LiveServer {
  readonly #kind: PublisherKind;
  #process: PinnedProcess | null = null;
  #url = new URL('http://127.0.0.1');

  constructor({ kind }: { kind: PublisherKind }) {
    this.#kind = kind;
  }

  get key(): string {
    return this.#kind.key;
  }
  get label(): string {
    return this.#kind.label;
  }
  get role(): Role {
    return this.#kind.role;
  }
  get about(): string {
    return this.#kind.about;
  }

  async start(): Promise<void> {
    const { role, script } = this.#kind;
    if (role === 'peer') await installPeers();
    const path = fileURLToPath(new URL(script, import.meta.url));
    this.#process = new PinnedProcess({ core: SERVER_CORE, args: [path] });
    this.#url = new URL((await this.#process.line()).replace('ready on ', ''));
  }

  subscriberPlans(connections: number): [SubscriberPlan] {
    const { hostname: host, port } = this.#url;
    return [{ host, port: Number(port), ...this.#kind.client, connections }];
  }

  async change(plan: PublishCommand): Promise<RequestTimes> {
    this.#running.write(JSON.stringify(plan));
    return JSON.parse(await this.#running.line()) as RequestTimes;
  }

  cpuMicros(): number {
    return this.#running.cpuMicros();
  }

  residentBytes(): number {
    return this.#running.residentBytes();
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  get #running(): PinnedProcess {
    if (this.#process === null) throw new Error(`${this.key} has not been started`);
    return this.#process;
  }
}

/** Several publishers of one kind, each with its share of the clients. */
export class PublisherGroup implements LiveServer {
  readonly #publishers: readonly Publisher[];

  constructor({ kind, processes }: { kind: PublisherKind; processes: number }) {
    this.#publishers = Array.from({ length: processes }, () => new Publisher({ kind }));
  }

  get key(): string {
    return this.#publishers[0]!.key;
  }
  get label(): string {
    return this.#publishers[0]!.label;
  }
  get role(): Role {
    return this.#publishers[0]!.role;
  }
  get about(): string {
    return this.#publishers[0]!.about;
  }

  async start(): Promise<void> {
    await this.#all((publisher) => publisher.start());
  }

  subscriberPlans(connections: number): SubscriberPlan[] {
    const each = shares(connections, this.#publishers.length);
    return this.#publishers.flatMap((publisher, index) => publisher.subscriberPlans(each[index]!));
  }

  async change(plan: PublishCommand): Promise<RequestTimes> {
    return earliest(await this.#all((publisher) => publisher.change(plan)));
  }

  cpuMicros(): number {
    return this.#publishers.reduce((sum, publisher) => sum + publisher.cpuMicros(), 0);
  }

  residentBytes(): number {
    return this.#publishers.reduce((sum, publisher) => sum + publisher.residentBytes(), 0);
  }

  async stop(): Promise<void> {
    await this.#all((publisher) => publisher.stop());
  }

  #all<Result>(act: (publisher: Publisher) => Promise<Result>): Promise<Result[]> {
    return Promise.all(this.#publishers.map(act));
  }
}

/** Splits `count` into `parts`, as even as possible. */
export function shares(count: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => {
    return Math.floor((count * (i + 1)) / parts) - Math.floor((count * i) / parts);
  });
}

/**
 * The earliest publish time of each version. The publishers share a core, so the wait of the later
 * ones is part of the delay of their clients, as with an order that several gateways publish.
 */
export function earliest(published: readonly RequestTimes[]): RequestTimes {
  const [first, ...others] = published.map((requestedAt) => new Map(requestedAt));
  return [...first!].map(([version, at]) => {
    return [version, Math.min(at, ...others.map((times) => times.get(version) ?? at))] as const;
  });
}
