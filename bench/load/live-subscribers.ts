// Very many subscribers of one topic in one process, and when each got which version. Runs as a
// process of its own; takes one command (JSON) from each line of its input and prints one answer:
// `open` connects all and answers when the last one is subscribed; `say` sends something on every
// connection and answers when all have been answered; `measure` forgets what came so far; `report`
// is given when each version was asked for, waits until everybody has the last one, and answers how
// long each frame took. Times are of the machine's monotonic clock.

import { createInterface } from 'node:readline';
import { type KeptLatencies, Latencies } from './latencies.ts';
import {
  begins,
  endBySignal,
  type LiveSocketSink,
  LoadSocket,
  sourceAddress,
} from './live-socket.ts';
import { monotonicMs } from './monotonic-clock.ts';

/** How clients of a server come to listen. */
export interface Subscription {
  readonly host: string;
  readonly port: number;
  /** Taken in turn. */
  readonly paths: readonly string[];
  /** Sent once a connection is upgraded; null for nothing. */
  readonly hello: string | null;
  /** A connection is subscribed with the frame that begins so; null: with the upgrade. */
  readonly subscribedBy: string | null;
  /**
   * A text frame that keeps the connection open, and its answer; null where WebSocket's own does.
   */
  readonly heartbeat: { readonly ping: string; readonly pong: string } | null;
}

/** So many clients that do so. */
export interface Audience extends Subscription {
  readonly connections: number;
}

export interface OpenCommand extends Audience {
  readonly type: 'open';
  /** Where sockets of this process come from: addresses of 127.`network`.0.0, 1 to 255. */
  readonly network: number;
}

export interface SayCommand {
  readonly type: 'say';
  readonly text: string;
  /** Each connection is answered with the frame that begins so. */
  readonly answeredBy: string;
}

export interface MeasureCommand {
  readonly type: 'measure';
}

/** Milliseconds of the monotonic clock, by version, in their order. */
export type AskedAt = readonly (readonly [version: number, at: number])[];

export interface ReportCommand {
  readonly type: 'report';
  readonly askedAt: AskedAt;
}

export type LiveLoadCommand = OpenCommand | SayCommand | MeasureCommand | ReportCommand;

export interface LiveReport {
  /** Over all connections. */
  readonly frames: number;
  /** Of one frame, on average. */
  readonly frameBytes: number;
  /** Each version that was sent as a frame, to each connection. */
  readonly frame: KeptLatencies;
  /** Each version at all: to the first frame that shows it or a later one. */
  readonly change: KeptLatencies;
  /** Frames of an older version than the one before on the same connection. */
  readonly steppedBack: number;
  /** Frames that some connections got and others did not. */
  readonly missed: number;
  /** Connections that the server has ended since they were opened. */
  readonly closed: number;
}

const OPENING_MAX = 128;
const VERSION_MARK = Buffer.from('"version":');
const LAST_FRAME_WAIT_MS = 10_000;
const LAST_FRAME_POLL_MS = 10;
const NO_VERSION = -1;

class Subscribers implements LiveSocketSink {
  readonly #command: OpenCommand;
  readonly #ping: Buffer | null;
  readonly #sockets: LoadSocket[] = [];
  readonly #versions: Float64Array;
  /** What every connection is about to get, and who has it. */
  #awaited: { readonly start: Buffer | null; readonly has: Uint8Array; done: () => void } | null =
    null;
  #answered = 0;
  #fail: ((error: Error) => void) | null = null;
  /** By version: when it came to each connection; 0 for not yet. */
  #arrivals = new Map<number, Float64Array>();
  #frames = 0;
  #bytes = 0;
  #steppedBack = 0;
  #closed = 0;

  constructor(command: OpenCommand) {
    this.#command = command;
    this.#ping = command.heartbeat === null ? null : Buffer.from(command.heartbeat.ping);
    this.#versions = new Float64Array(command.connections).fill(NO_VERSION);
  }

  async open(): Promise<void> {
    const { connections, subscribedBy } = this.#command;
    const all = this.#everyone(subscribedBy);
    for (let i = 0; i < Math.min(OPENING_MAX, connections); i++) this.#openNext();
    await all;
  }

  async say({ text, answeredBy }: SayCommand): Promise<void> {
    const all = this.#everyone(answeredBy);
    for (const socket of this.#sockets) socket.send(text);
    await all;
  }

  /** Versions begin anew: they may be of another topic now. */
  measure(): void {
    this.#versions.fill(NO_VERSION);
    this.#arrivals = new Map();
    this.#frames = 0;
    this.#bytes = 0;
    this.#steppedBack = 0;
  }

  async report(askedAt: AskedAt): Promise<LiveReport> {
    const last = askedAt.at(-1)![0];
    const giveUpAt = performance.now() + LAST_FRAME_WAIT_MS;
    while (this.#versions.some((version) => version < last) && performance.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, LAST_FRAME_POLL_MS));
    }
    const frame = new Latencies();
    const change = new Latencies();
    const known = new Map(askedAt);
    const sent = [...this.#arrivals.keys()].toSorted((a, b) => a - b);
    let missed = 0;
    for (const version of sent) {
      const at = known.get(version);
      for (const arrival of this.#arrivals.get(version)!) {
        if (arrival === 0) missed += 1;
        else if (at !== undefined) frame.add(arrival - at);
      }
    }
    let next = 0;
    for (const [version, at] of askedAt) {
      while (next < sent.length && sent[next]! < version) next += 1;
      for (const arrival of this.#arrivals.get(sent[next]!) ?? []) {
        if (arrival !== 0) change.add(arrival - at);
      }
    }
    return {
      frames: this.#frames,
      frameBytes: this.#bytes / this.#frames,
      frame: frame.kept(),
      change: change.kept(),
      steppedBack: this.#steppedBack,
      missed,
      closed: this.#closed,
    };
  }

  end(): void {
    for (const socket of this.#sockets) socket.reset();
  }

  upgraded(index: number): void {
    const { hello, subscribedBy } = this.#command;
    if (hello !== null) this.#sockets[index]!.send(hello);
    if (subscribedBy === null) this.#noteAnswered(index);
  }

  frame(index: number, bytes: Buffer, from: number, to: number): void {
    const now = monotonicMs();
    if (this.#ping?.length === to - from && begins(bytes, from, to, this.#ping)) {
      this.#sockets[index]!.send(this.#command.heartbeat!.pong);
      return;
    }
    const start = this.#awaited?.start ?? null;
    if (start !== null && begins(bytes, from, to, start)) return this.#noteAnswered(index);
    const version = versionOf(bytes, from, to);
    if (version === NO_VERSION) return;
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

  /** Resolves once every connection has been answered; rejects when one is closed before that. */
  async #everyone(start: string | null): Promise<void> {
    const has = new Uint8Array(this.#command.connections);
    this.#answered = 0;
    await new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      this.#awaited = {
        start: start === null ? null : Buffer.from(start),
        has,
        done: resolve,
      };
    });
    this.#fail = null;
    this.#awaited = null;
  }

  #noteAnswered(index: number): void {
    const awaited = this.#awaited;
    if (awaited === null || awaited.has[index] === 1) return;
    awaited.has[index] = 1;
    this.#answered += 1;
    if (this.#answered === this.#command.connections) awaited.done();
    this.#openNext();
  }

  #openNext(): void {
    const index = this.#sockets.length;
    const { host, port, paths, connections, network } = this.#command;
    if (index >= connections) return;
    const localAddress = sourceAddress(network, index);
    const path = paths[index % paths.length]!;
    this.#sockets.push(new LoadSocket({ host, port, localAddress, path, index, sink: this }));
  }
}

function versionOf(bytes: Buffer, from: number, to: number): number {
  const mark = bytes.indexOf(VERSION_MARK, from);
  if (mark < 0 || mark >= to) return NO_VERSION;
  let at = mark + VERSION_MARK.length;
  let version = 0;
  for (let digit = bytes[at]! - 48; digit >= 0 && digit <= 9; digit = bytes[++at]! - 48) {
    version = version * 10 + digit;
  }
  return version;
}

let opened: Subscribers | null = null;
endBySignal(() => opened?.end());

async function answer(command: LiveLoadCommand): Promise<unknown> {
  if (command.type === 'open') {
    opened = new Subscribers(command);
    await opened.open();
    return { connections: command.connections };
  }
  if (opened === null) throw new Error('nothing is open');
  if (command.type === 'report') return await opened.report(command.askedAt);
  if (command.type === 'say') await opened.say(command);
  else opened.measure();
  return {};
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as LiveLoadCommand))}\n`);
}
process.exit();
