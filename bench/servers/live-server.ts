// What pushes frames to very many clients in a comparison. Everybody who is open on it listens
// to one topic, and a change of it is one frame to each. The bare uWebSockets.js server is the
// ceiling; `ws` and Socket.IO are what people would take instead, from a package of their own.
// Each is a script that says where it listens and publishes what its input asks for.

import { fileURLToPath } from 'node:url';
import type { AskedAt, Subscription } from '../load/live-subscribers.ts';
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
  /**
   * All its threads on the server's core. Rejects where something it needs is missing, and says
   * what.
   */
  start(): Promise<void>;
  subscription(connections: number): Subscription;
  /** Changes the topic, each time so long after the last that it is a frame of its own. */
  change(plan: PublishCommand): Promise<AskedAt>;
  stop(): Promise<void>;
}

interface PublisherKind {
  readonly key: string;
  readonly label: string;
  readonly role: Role;
  readonly about: string;
  /** Beside this file. */
  readonly script: string;
  readonly client: Pick<Subscription, 'paths' | 'hello' | 'subscribedBy' | 'heartbeat'>;
}

const PLAIN = { paths: ['/'], hello: null, subscribedBy: null, heartbeat: null };

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
      subscribedBy: '42["drop.snapshot"',
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

  subscription(): Subscription {
    return { host: this.#url.hostname, port: Number(this.#url.port), ...this.#kind.client };
  }

  async change(plan: PublishCommand): Promise<AskedAt> {
    this.#running.write(JSON.stringify(plan));
    return JSON.parse(await this.#running.line()) as AskedAt;
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
