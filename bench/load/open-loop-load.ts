// An open-loop load: requests at a fixed rate, independent of the answers, as from very many users
// who do not wait for each other. Each request is timed from when it was due, so that the wait for
// a free connection counts. Runs as a process: each input line is a job (JSON), each output line a
// result with the latencies of each kind of request and of each status.

import { createInterface } from 'node:readline';
import type { LatencyPoint } from '../scenario.ts';
import { type ClosedSocket, type HttpSink, HttpSocket } from './http-socket.ts';
import { Latencies, type Spread } from './latencies.ts';
import { randomNumbers } from './random.ts';
import {
  type PreparedRequest,
  preparedRequests,
  type RequestKind,
  writeKey,
} from './request-plan.ts';

export interface OpenLoopJob {
  readonly host: string;
  readonly port: number;
  /** Each request has a random kind, by the weights. */
  readonly kinds: readonly RequestKind[];
  readonly connections: number;
  /** Null: each connection sends its next request after the answer, which measures the capacity. */
  readonly perSecond: number | null;
  readonly seconds: number;
  /** Makes the keys of this run differ from those of all other runs. */
  readonly run: string;
}

export interface StatusResult extends Spread {
  readonly answers: number;
  readonly latency: readonly LatencyPoint[];
}

export interface KindResult {
  /** Requests that were due, sent or not. */
  readonly due: number;
  /** Answers with status 200 to 299. */
  readonly done: StatusResult;
  /** By HTTP status. */
  readonly statuses: Readonly<Record<string, StatusResult>>;
}

export interface OpenLoopResult {
  /** From the first due request to the last answer. */
  readonly seconds: number;
  /** Answers with any status. */
  readonly answers: number;
  /** Requests without an answer some seconds after the last one was due. */
  readonly unanswered: number;
  /** Requests that were due but never sent, because no connection was free. */
  readonly unsent: number;
  /** Requests lost with their connection, and connections that could not be opened. */
  readonly errors: number;
  /** CPU time of the load itself during the run, all threads. */
  readonly cpuMicros: number;
  /** Results by the name of the kind. */
  readonly kinds: Readonly<Record<string, KindResult>>;
}

const TICK_MS = 1;
const OPENING_WAIT_MS = 10_000;
const LAST_ANSWER_WAIT_MS = 5_000;

/** The answers to all kinds with one name. */
class Answers {
  due = 0;
  readonly done = new Latencies();
  readonly statuses = new Map<number, Latencies>();

  add(status: number, ms: number): void {
    if (status >= 200 && status < 300) this.done.add(ms);
    let latencies = this.statuses.get(status);
    if (latencies === undefined) {
      latencies = new Latencies();
      this.statuses.set(status, latencies);
    }
    latencies.add(ms);
  }

  result(): KindResult {
    const statuses = [...this.statuses].map(([status, of]) => [status, statusResult(of)] as const);
    return { due: this.due, done: statusResult(this.done), statuses: Object.fromEntries(statuses) };
  }
}

function statusResult(latencies: Latencies): StatusResult {
  const { count: answers } = latencies;
  return { answers, ...latencies.spread(), latency: latencies.points() };
}

/** Chooses and sends the next request. */
class Mix {
  readonly answers: Readonly<Record<string, Answers>>;
  readonly #ofKind: readonly Answers[];
  readonly #requests: readonly (readonly PreparedRequest[])[];
  /** Kinds by their weights, in a random order drawn once. */
  readonly #order: Uint8Array;
  readonly #run: string;
  #count = 0;

  constructor(job: OpenLoopJob) {
    const { kinds } = job;
    this.#run = job.run;
    this.answers = Object.fromEntries(kinds.map(({ name }) => [name, new Answers()]));
    this.#ofKind = kinds.map(({ name }) => this.answers[name]!);
    this.#requests = kinds.map((kind, i) => preparedRequests(job, kind, i));
    this.#order = drawnOrder(kinds);
  }

  /** Sends the next request, which was due at `dueAt`. */
  send(socket: HttpSocket, dueAt: number): void {
    const kind = this.next();
    const requests = this.#requests[kind]!;
    const request = requests[this.#count % requests.length]!;
    if (request.keyAt >= 0) writeKey(request, `${this.#run}-${this.#count}`);
    socket.kind = kind;
    socket.startedAt = dueAt;
    // A copy: the socket may still hold the buffer when the request is reused.
    socket.send(Buffer.from(request.bytes));
  }

  /** Counts a request that is due. */
  next(): number {
    const kind = this.#order[this.#count % this.#order.length]!;
    this.#count += 1;
    this.#ofKind[kind]!.due += 1;
    return kind;
  }

  answered(socket: HttpSocket, status: number, now: number): void {
    this.#ofKind[socket.kind]!.add(status, now - socket.startedAt);
  }
}

/** Long enough to look random; odd, so that in time each kind meets each prepared request. */
const ORDER_LENGTH = 65_537;

function drawnOrder(kinds: readonly RequestKind[]): Uint8Array {
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const random = randomNumbers(kinds.length);
  return Uint8Array.from({ length: ORDER_LENGTH }, () => {
    let kind = 0;
    for (let left = random() * total - kinds[0]!.weight; left >= 0; left -= kinds[kind]!.weight) {
      kind += 1;
    }
    return kind;
  });
}

class OpenLoop implements HttpSink {
  readonly #job: OpenLoopJob;
  readonly #mix: Mix;
  readonly #sockets: readonly HttpSocket[];
  #idle: HttpSocket[] = [];
  #opened: () => void = () => undefined;
  /** Connections that opened or failed so far. */
  #tried = 0;
  #sent = 0;
  #answered = 0;
  #lost = 0;
  #unopened = 0;
  #startedAt = 0;
  #endAt = 0;
  #answeredAt = 0;
  readonly #perMs: number;
  readonly #total: number;

  constructor(job: OpenLoopJob) {
    const { host, port, connections, perSecond, seconds } = job;
    this.#job = job;
    this.#perMs = perSecond === null ? Infinity : perSecond / 1000;
    this.#total = perSecond === null ? Infinity : Math.round(perSecond * seconds);
    this.#mix = new Mix(job);
    const options = { host, port, sink: this };
    this.#sockets = Array.from({ length: connections }, () => new HttpSocket(options));
  }

  /** Resolves when every connection is open or has failed, or after a timeout. */
  open(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, OPENING_WAIT_MS);
      this.#opened = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async run(): Promise<OpenLoopResult> {
    const { perSecond, seconds } = this.#job;
    const cpuBefore = process.cpuUsage();
    this.#startedAt = performance.now();
    this.#endAt = this.#startedAt + seconds * 1000;
    for (let now = this.#startedAt; now < this.#endAt; now = performance.now()) {
      this.#sendDue(now);
      await pause(TICK_MS);
    }
    this.#sendDue(this.#endAt);
    const unsent = perSecond === null ? 0 : this.#total - this.#sent;
    for (let i = 0; i < unsent; i++) this.#mix.next();
    const deadline = performance.now() + LAST_ANSWER_WAIT_MS;
    const isWaiting = () => this.#answered + this.#lost < this.#sent;
    while (isWaiting() && performance.now() < deadline) await pause(TICK_MS);
    const { user, system } = process.cpuUsage(cpuBefore);
    for (const socket of this.#sockets) socket.end();
    const answers = Object.entries(this.#mix.answers);
    return {
      seconds: (Math.max(this.#endAt, this.#answeredAt) - this.#startedAt) / 1000,
      answers: this.#answered,
      unanswered: this.#sent - this.#answered - this.#lost,
      unsent,
      errors: this.#lost + this.#unopened,
      cpuMicros: user + system,
      kinds: Object.fromEntries(answers.map(([name, of]) => [name, of.result()])),
    };
  }

  opened(socket: HttpSocket): void {
    this.#idle.push(socket);
    this.#noteTried();
  }

  answered(socket: HttpSocket, status: number): void {
    const now = performance.now();
    this.#answered += 1;
    this.#answeredAt = now;
    this.#mix.answered(socket, status, now);
    this.#idle.push(socket);
    if (now < this.#endAt) this.#sendDue(now);
  }

  closed(socket: HttpSocket, was: ClosedSocket): void {
    if (was === 'busy') this.#lost += 1;
    else if (was === 'idle') this.#idle = this.#idle.filter((other) => other !== socket);
    else {
      this.#unopened += 1;
      this.#noteTried();
    }
  }

  #noteTried(): void {
    this.#tried += 1;
    if (this.#tried === this.#job.connections) this.#opened();
  }

  #sendDue(now: number): void {
    const due = Math.min(this.#total, (now - this.#startedAt) * this.#perMs);
    while (this.#sent < due) {
      const socket = this.#idle.pop();
      if (socket === undefined) return;
      const dueAt = this.#perMs === Infinity ? now : this.#startedAt + this.#sent / this.#perMs;
      this.#sent += 1;
      this.#mix.send(socket, dueAt);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

for await (const line of createInterface({ input: process.stdin })) {
  const loop = new OpenLoop(JSON.parse(line) as OpenLoopJob);
  await loop.open();
  process.stdout.write(`${JSON.stringify(await loop.run())}\n`);
}
