// Very many subscribers of one topic in one process, and when each got which version. Runs as a
// process of its own; takes one command (JSON) from each line of its input and prints one answer:
// `open` connects all and answers when the last one is subscribed; `measure` forgets what came so
// far; `report` is given when each version became durable, waits until everybody has the last one,
// and answers how long each frame took. Times are of the machine's monotonic clock, which all
// processes share.

import { createInterface } from 'node:readline';
import { Latencies, type Spread } from './latencies.ts';
import { type LiveSocketSink, LoadSocket } from './live-socket.ts';

export interface OpenCommand {
  readonly type: 'open';
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Taken in turn. */
  readonly paths: readonly string[];
  readonly hello: string | null;
  /** A connection is subscribed with the frame that begins so; null: with the upgrade. */
  readonly subscribedBy: string | null;
}

export interface MeasureCommand {
  readonly type: 'measure';
}

export interface ReportCommand {
  readonly type: 'report';
  /** Milliseconds of the monotonic clock, by version. */
  readonly durableAt: readonly (readonly [version: number, at: number])[];
}

export type LiveLoadCommand = OpenCommand | MeasureCommand | ReportCommand;

export interface LiveReport {
  /** Over all connections. */
  readonly frames: number;
  /** Of one frame, on average. */
  readonly frameBytes: number;
  /** Each version that was sent as a frame, to each connection: from its being durable. */
  readonly frame: Spread;
  /** Each version at all: to the first frame that shows it or a later one. */
  readonly change: Spread;
  /** Frames of an older version than the one before on the same connection. */
  readonly steppedBack: number;
  /** Frames that some connections got and others did not. */
  readonly missed: number;
  readonly closed: number;
}

const OPENING_MAX = 128;
const CONNECTIONS_PER_ADDRESS = 10_000;
const VERSION_MARK = Buffer.from('"version":');
const LAST_FRAME_WAIT_MS = 10_000;

/** `performance.now()` counts from the start of the process, on the machine's monotonic clock. */
const CLOCK_OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

class Subscribers implements LiveSocketSink {
  readonly #command: OpenCommand;
  readonly #subscribedBy: Buffer | null;
  readonly #sockets: LoadSocket[] = [];
  readonly #versions: Float64Array;
  #subscribed = 0;
  #isOpen: (() => void) | null = null;
  #fail: ((error: Error) => void) | null = null;
  /** By version: when it came to each connection; 0 for not yet. */
  #arrivals = new Map<number, Float64Array>();
  #frames = 0;
  #bytes = 0;
  #steppedBack = 0;
  #closed = 0;

  constructor(command: OpenCommand) {
    this.#command = command;
    this.#subscribedBy = command.subscribedBy === null ? null : Buffer.from(command.subscribedBy);
    this.#versions = new Float64Array(command.connections).fill(-1);
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#isOpen = resolve;
      this.#fail = reject;
      for (let i = 0; i < Math.min(OPENING_MAX, this.#command.connections); i++) this.#openNext();
    });
  }

  measure(): void {
    this.#arrivals = new Map();
    this.#frames = 0;
    this.#bytes = 0;
    this.#steppedBack = 0;
  }

  async report(durableAt: ReportCommand['durableAt']): Promise<LiveReport> {
    const last = durableAt.at(-1)![0];
    const giveUpAt = performance.now() + LAST_FRAME_WAIT_MS;
    while (this.#versions.some((version) => version < last) && performance.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const frame = new Latencies();
    const change = new Latencies();
    const known = new Map(durableAt);
    const sent = [...this.#arrivals.keys()].toSorted((a, b) => a - b);
    let missed = 0;
    for (const version of sent) {
      const at = known.get(version);
      if (at === undefined) continue;
      for (const arrival of this.#arrivals.get(version)!) {
        if (arrival === 0) missed += 1;
        else frame.add(arrival - at);
      }
    }
    let next = 0;
    for (const [version, at] of durableAt) {
      while (next < sent.length && sent[next]! < version) next += 1;
      for (const arrival of this.#arrivals.get(sent[next]!) ?? []) {
        if (arrival !== 0) change.add(arrival - at);
      }
    }
    return {
      frames: this.#frames,
      frameBytes: this.#bytes / this.#frames,
      frame: frame.spread(),
      change: change.spread(),
      steppedBack: this.#steppedBack,
      missed,
      closed: this.#closed,
    };
  }

  end(): void {
    for (const socket of this.#sockets) socket.end();
  }

  upgraded(): void {
    if (this.#subscribedBy === null) this.#noteSubscribed();
  }

  frame(index: number, bytes: Buffer, from: number, to: number): void {
    const isFirst = this.#versions[index]! < 0;
    if (isFirst && this.#subscribedBy !== null) {
      if (bytes.compare(this.#subscribedBy, 0, undefined, from, from + this.#subscribedBy.length))
        return;
      this.#versions[index] = versionOf(bytes, from);
      this.#noteSubscribed();
      return;
    }
    const now = performance.now() + CLOCK_OFFSET_MS;
    const version = versionOf(bytes, from);
    this.#frames += 1;
    this.#bytes += to - from;
    if (version < this.#versions[index]!) this.#steppedBack += 1;
    this.#versions[index] = version;
    let arrivals = this.#arrivals.get(version);
    if (arrivals === undefined) {
      arrivals = new Float64Array(this.#command.connections);
      this.#arrivals.set(version, arrivals);
    }
    arrivals[index] = now;
  }

  closed(index: number, code: number): void {
    this.#closed += 1;
    this.#fail?.(new Error(`connection ${index} was closed with code ${code}`));
  }

  #openNext(): void {
    const index = this.#sockets.length;
    const { host, port, paths, hello, connections } = this.#command;
    if (index >= connections) return;
    const localAddress = `127.0.0.${2 + Math.floor(index / CONNECTIONS_PER_ADDRESS)}`;
    const path = paths[index % paths.length]!;
    this.#sockets.push(
      new LoadSocket({ host, port, localAddress, path, hello, index, sink: this }),
    );
  }

  #noteSubscribed(): void {
    this.#subscribed += 1;
    if (this.#subscribed === this.#command.connections) {
      this.#fail = null;
      this.#isOpen?.();
    } else {
      this.#openNext();
    }
  }
}

function versionOf(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(VERSION_MARK, from) + VERSION_MARK.length;
  let version = 0;
  for (let digit = bytes[at]! - 48; digit >= 0 && digit <= 9; digit = bytes[++at]! - 48) {
    version = version * 10 + digit;
  }
  return version;
}

const opened: Subscribers[] = [];

async function answer(command: LiveLoadCommand): Promise<unknown> {
  if (command.type === 'open') {
    const subscribers = new Subscribers(command);
    opened.push(subscribers);
    await subscribers.open();
    return { connections: command.connections };
  }
  const subscribers = opened.at(-1);
  if (subscribers === undefined) throw new Error('nothing is open');
  if (command.type === 'report') return await subscribers.report(command.durableAt);
  subscribers.measure();
  return {};
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as LiveLoadCommand))}\n`);
}
for (const subscribers of opened) subscribers.end();
