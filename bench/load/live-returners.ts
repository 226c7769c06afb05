// Very many live stream clients in one process that lose their connections at once and reconnect as
// fast as they can, each from its last notification. Runs as a process: each input line is a
// command (JSON), each output line an answer. `open` connects all clients. `lose` resets all
// connections. `return` reconnects all and answers how long each client took to be up to date.
// `expect` waits for a number of notifications and counts them. All orders are for one drop, so
// that the ids of a client's notifications increase.

import { createInterface } from 'node:readline';
import type { LatencyPoint } from '../scenario.ts';
import { Latencies } from './latencies.ts';
import {
  begins,
  endBySignal,
  type LiveSocketSink,
  LoadSocket,
  sourceAddress,
} from './live-socket.ts';

export interface OpenReturners {
  readonly type: 'open';
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Used in turn. */
  readonly paths: readonly string[];
  /** The source addresses of this process: 127.`network`.0.0, 1 to 255. */
  readonly network: number;
  /** Each client resumes its notifications and subscribes to this topic; null: neither. */
  readonly topic: string | null;
}

export interface ExpectCommand {
  readonly type: 'expect';
  /** The expected number over all clients since `open`. */
  readonly notifications: number;
}

export type ReturnersCommand =
  | OpenReturners
  | { readonly type: 'lose' }
  | { readonly type: 'return' }
  | ExpectCommand;

export interface ReturnReport {
  /** For each client: from the start of the return until it has the snapshot and all it missed. */
  readonly returned: readonly LatencyPoint[];
  /** For each client: from the start of the return until its upgrade. */
  readonly upgraded: readonly LatencyPoint[];
  /** Connections that the server closed during the return. Each client tried again. */
  readonly turnedAway: number;
}

export interface NotificationsReport {
  readonly received: number;
  /** Notifications that came twice, or after a newer one. */
  readonly repeated: number;
}

/** Concurrent connection attempts: half of the backlog of the server's listening socket. */
const CONNECTING_MAX = 256;
const RETRY_MS = 250;
const EXPECTED_WAIT_MS = 20_000;
const EXPECTED_POLL_MS = 20;
/** Long enough for a duplicate to arrive. */
const REPEATS_WAIT_MS = 500;
const NOTIFICATION = Buffer.from('{"type":"notification","id":"');
const SNAPSHOT = Buffer.from('{"type":"drop.snapshot"');
const RESUMED = Buffer.from('{"type":"resumed"');
const HAS_SNAPSHOT = 1;
const HAS_RESUMED = 2;
const HAS_ALL = HAS_SNAPSHOT | HAS_RESUMED;

class Returners implements LiveSocketSink {
  readonly #command: OpenReturners;
  readonly #sockets: LoadSocket[] = [];
  /** The id of each client's last notification. */
  readonly #lastIds: Float64Array;
  readonly #has: Uint8Array;
  readonly #isUpgraded: Uint8Array;
  #returned = new Latencies();
  #upgraded = new Latencies();
  #next = 0;
  #startedAt = 0;
  #turnedAway = 0;
  #received = 0;
  #repeated = 0;
  #everyoneIsBack: (() => void) | null = null;

  constructor(command: OpenReturners) {
    this.#command = command;
    this.#lastIds = new Float64Array(command.connections);
    this.#has = new Uint8Array(command.connections);
    this.#isUpgraded = new Uint8Array(command.connections);
  }

  lose(): void {
    for (const socket of this.#sockets) socket.reset();
    this.#has.fill(0);
    this.#isUpgraded.fill(0);
  }

  async return(): Promise<ReturnReport> {
    this.#returned = new Latencies();
    this.#upgraded = new Latencies();
    this.#turnedAway = 0;
    this.#next = 0;
    this.#startedAt = performance.now();
    await new Promise<void>((resolve) => {
      this.#everyoneIsBack = resolve;
      for (let i = 0; i < CONNECTING_MAX; i++) this.#openNext();
    });
    this.#everyoneIsBack = null;
    return {
      returned: this.#returned.points(),
      upgraded: this.#upgraded.points(),
      turnedAway: this.#turnedAway,
    };
  }

  async expect(notifications: number): Promise<NotificationsReport> {
    const deadline = performance.now() + EXPECTED_WAIT_MS;
    while (this.#received < notifications && performance.now() < deadline)
      await pause(EXPECTED_POLL_MS);
    await pause(REPEATS_WAIT_MS);
    return { received: this.#received, repeated: this.#repeated };
  }

  upgraded(index: number): void {
    if (this.#isUpgraded[index] === 0) {
      this.#isUpgraded[index] = 1;
      this.#upgraded.add(performance.now() - this.#startedAt);
    }
    const { topic } = this.#command;
    if (topic === null) {
      this.#note(index, HAS_ALL);
    } else {
      const socket = this.#sockets[index]!;
      socket.send(JSON.stringify({ type: 'resume', after: String(this.#lastIds[index]) }));
      socket.send(JSON.stringify({ type: 'subscribe', topic }));
    }
    this.#openNext();
  }

  frame(index: number, bytes: Buffer, from: number, to: number): void {
    if (begins(bytes, from, to, NOTIFICATION))
      this.#notified(index, idAt(bytes, from + NOTIFICATION.length));
    else if (begins(bytes, from, to, SNAPSHOT)) this.#note(index, HAS_SNAPSHOT);
    else if (begins(bytes, from, to, RESUMED)) this.#note(index, HAS_RESUMED);
  }

  /** A client whose connection the server closed reconnects from its last notification. */
  closed(index: number): void {
    this.#turnedAway += 1;
    if (this.#has[index] !== HAS_ALL) this.#has[index] = 0;
    setTimeout(() => this.#open(index), RETRY_MS);
  }

  #notified(index: number, id: number): void {
    if (id <= this.#lastIds[index]!) {
      this.#repeated += 1;
      return;
    }
    this.#lastIds[index] = id;
    this.#received += 1;
  }

  #note(index: number, what: number): void {
    const had = this.#has[index]!;
    this.#has[index] = had | what;
    if (had === HAS_ALL || (had | what) !== HAS_ALL) return;
    this.#returned.add(performance.now() - this.#startedAt);
    if (this.#returned.count === this.#command.connections) this.#everyoneIsBack?.();
  }

  #openNext(): void {
    if (this.#next === this.#command.connections) return;
    this.#open(this.#next);
    this.#next += 1;
  }

  #open(index: number): void {
    const { host, port, paths, network } = this.#command;
    const localAddress = sourceAddress(network, index);
    const path = paths[index % paths.length]!;
    this.#sockets[index] = new LoadSocket({ host, port, localAddress, path, index, sink: this });
  }
}

function idAt(bytes: Buffer, from: number): number {
  let id = 0;
  for (
    let at = from, digit = bytes[at]! - 48;
    digit >= 0 && digit <= 9;
    digit = bytes[++at]! - 48
  ) {
    id = id * 10 + digit;
  }
  return id;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

let opened: Returners | null = null;
endBySignal(() => opened?.lose());

async function answer(command: ReturnersCommand): Promise<unknown> {
  if (command.type === 'open') {
    opened = new Returners(command);
    return await opened.return();
  }
  if (opened === null) throw new Error('nothing is open');
  if (command.type === 'expect') return await opened.expect(command.notifications);
  if (command.type === 'return') return await opened.return();
  opened.lose();
  return {};
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as ReturnersCommand))}\n`);
}
process.exit();
