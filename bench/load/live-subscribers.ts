// Very many subscribers of one topic in one process, with the arrival time of each version. Runs as
// a process: each input line is a command (JSON), each output line an answer. `open` connects all
// and answers when all are subscribed. `send` sends a message on every connection and answers when
// all have an answer. `measure` resets the records. `report` gets the time when each version was
// requested, waits until all subscribers have the last version, and answers how long each frame
// took. Times are of the machine's monotonic clock.

import { createInterface } from 'node:readline';
import { type LatencyCounts, Latencies } from './latencies.ts';
import {
  begins,
  endBySignal,
  type LiveSocketSink,
  LoadSocket,
  sourceAddress,
} from './live-socket.ts';
import { monotonicMs } from './monotonic-clock.ts';

/** How the clients of a server connect and subscribe. */
export interface Subscription {
  readonly host: string;
  readonly port: number;
  /** Used in turn. */
  readonly paths: readonly string[];
  /** A subprotocol that the clients offer; none unless given. */
  readonly protocol?: string;
  /** The message, or the messages, sent after the upgrade; null: none. */
  readonly hello: string | readonly string[] | null;
  /** A frame with this prefix confirms the subscription; null: the upgrade confirms it. */
  readonly subscribedPrefix: string | null;
  /** A heartbeat by text frames and its answer; null: only WebSocket's own ping and pong. */
  readonly heartbeat: { readonly ping: string; readonly pong: string } | null;
}

/** A number of clients that subscribe in the same way. */
export interface SubscriberPlan extends Subscription {
  readonly connections: number;
}

export interface OpenCommand extends SubscriberPlan {
  readonly type: 'open';
  /** The source addresses of this process: 127.`network`.0.0, 1 to 255. */
  readonly network: number;
}

export interface SendCommand {
  readonly type: 'send';
  readonly text: string;
  /** The answer to each connection is a frame with this prefix. */
  readonly answerPrefix: string;
}

export interface MeasureCommand {
  readonly type: 'measure';
}

/** When each version was requested, in milliseconds of the monotonic clock, in order of version. */
export type RequestTimes = readonly (readonly [version: number, at: number])[];

export interface ReportCommand {
  readonly type: 'report';
  readonly requestedAt: RequestTimes;
}

export type LiveLoadCommand = OpenCommand | SendCommand | MeasureCommand | ReportCommand;

export interface LiveReport {
  /** Number of frames over all connections. */
  readonly frames: number;
  /** Average size of a frame. */
  readonly frameBytes: number;
  /** For each version sent as a frame: until the frame arrived at each connection. */
  readonly frame: LatencyCounts;
  /** For every version: until the first frame with this or a later version. */
  readonly change: LatencyCounts;
  /** Frames with an older version than the previous frame of the same connection. */
  readonly steppedBack: number;
  /** Frames that did not reach every connection, counted for each connection missed. */
  readonly missed: number;
  /** Connections that the server closed since they were opened. */
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
  /** The answer that every connection waits for, and which connections have it. */
  #awaited: { readonly start: Buffer | null; readonly has: Uint8Array; done: () => void } | null =
    null;
  #answered = 0;
  #fail: ((error: Error) => void) | null = null;
  /** Version to its arrival time at each connection; 0: not yet arrived. */
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
    const { connections, subscribedPrefix } = this.#command;
    const all = this.#everyone(subscribedPrefix);
    for (let i = 0; i < Math.min(OPENING_MAX, connections); i++) this.#openNext();
    await all;
  }

  async send({ text, answerPrefix }: SendCommand): Promise<void> {
    const all = this.#everyone(answerPrefix);
    for (const socket of this.#sockets) socket.send(text);
    await all;
  }

  /** Resets the versions, since the next ones may belong to another topic. */
  measure(): void {
    this.#versions.fill(NO_VERSION);
    this.#arrivals = new Map();
    this.#frames = 0;
    this.#bytes = 0;
    this.#steppedBack = 0;
  }

  async report(requestedAt: RequestTimes): Promise<LiveReport> {
    const last = requestedAt.at(-1)![0];
    const deadline = performance.now() + LAST_FRAME_WAIT_MS;
    while (this.#versions.some((version) => version < last) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, LAST_FRAME_POLL_MS));
    }
    const frame = new Latencies();
    const change = new Latencies();
    const known = new Map(requestedAt);
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
    for (const [version, at] of requestedAt) {
      while (next < sent.length && sent[next]! < version) next += 1;
      for (const arrival of this.#arrivals.get(sent[next]!) ?? []) {
        if (arrival !== 0) change.add(arrival - at);
      }
    }
    return {
      frames: this.#frames,
      frameBytes: this.#bytes / this.#frames,
      frame: frame.snapshot(),
      change: change.snapshot(),
      steppedBack: this.#steppedBack,
      missed,
      closed: this.#closed,
    };
  }

  end(): void {
    for (const socket of this.#sockets) socket.reset();
  }

  upgraded(index: number): void {
    const { hello, subscribedPrefix } = this.#command;
    const messages = typeof hello === 'string' ? [hello] : (hello ?? []);
    for (const message of messages) this.#sockets[index]!.send(message);
    if (subscribedPrefix === null) this.#noteAnswered(index);
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

  /** Resolves when every connection has its answer; rejects if a connection closes before. */
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
    const { host, port, paths, protocol, connections, network } = this.#command;
    if (index >= connections) return;
    const localAddress = sourceAddress(network, index);
    const path = paths[index % paths.length]!;
    const address = { host, port, localAddress, path, ...(protocol !== undefined && { protocol }) };
    this.#sockets.push(new LoadSocket({ ...address, index, sink: this }));
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
  if (command.type === 'report') return await opened.report(command.requestedAt);
  if (command.type === 'send') await opened.send(command);
  else opened.measure();
  return {};
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as LiveLoadCommand))}\n`);
}
process.exit();
