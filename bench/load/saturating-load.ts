// A closed-loop load that costs a fraction of autocannon's CPU time a request, so that on two cores
// the server is the limit and not the load. It writes a new key into prepared bytes, has one
// request in flight on each connection, and reads only status and length of an answer. Runs as a
// process: each input line is a job (JSON), each output line a result.

import { createInterface } from 'node:readline';
import type { LatencyPoint } from '../scenario.ts';
import { type ClosedSocket, type HttpSink, HttpSocket } from './http-socket.ts';
import { Latencies, type Spread } from './latencies.ts';
import {
  type PreparedRequest,
  preparedOrders,
  type RequestPlan,
  writeKey,
} from './request-plan.ts';

export interface LoadJob {
  readonly plan: RequestPlan;
  readonly connections: number;
  readonly seconds: number;
  /** Makes the keys of this run differ from those of all other runs. */
  readonly run: string;
}

export interface LoadResult extends Spread {
  readonly seconds: number;
  readonly answers: number;
  /** By HTTP status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests without an answer, and connections that could not be opened. */
  readonly errors: number;
  readonly latency: readonly LatencyPoint[];
  /** CPU time of the load itself during the run, all threads. */
  readonly cpuMicros: number;
  /** Answers' bodies and headers together, in bytes, on average. */
  readonly bytesPerAnswer: number;
}

/** The longest wait for all connections to open or fail before the first request. */
const OPENING_WAIT_MS = 5_000;
const LAST_ANSWER_WAIT_MS = 5_000;

/** The requests of one connection. */
class Sender {
  readonly socket: HttpSocket;
  readonly #requests: readonly PreparedRequest[];
  readonly #name: string;
  #count = 0;

  constructor(run: Run, job: LoadJob, index: number) {
    const { plan, connections } = job;
    const { host, port } = plan;
    this.#name = `${job.run}-${index}-`;
    const own = index % plan.tokens.length;
    const tokens = plan.tokens.filter((_, i) => i % connections === own);
    this.#requests = preparedOrders(plan, tokens, index);
    this.socket = new HttpSocket({ host, port, sink: run });
    this.socket.kind = index;
  }

  send(now: number): void {
    const request = this.#requests[this.#count % this.#requests.length]!;
    if (request.keyAt >= 0) writeKey(request, `${this.#name}${this.#count}`);
    this.#count += 1;
    this.socket.startedAt = now;
    this.socket.send(request.bytes);
  }
}

class Run implements HttpSink {
  readonly #job: LoadJob;
  readonly #senders: readonly Sender[];
  readonly #done: (result: LoadResult) => void;
  /** Connections that opened or failed so far. */
  #tried = 0;
  #isStarted = false;
  #isOver = false;
  #startedAt = 0;
  #cpuBefore = process.cpuUsage();
  #underWay = 0;
  #answers = 0;
  #errors = 0;
  #bytes = 0;
  readonly #byStatus = new Uint32Array(1000);
  readonly #latencies = new Latencies();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(job: LoadJob, done: (result: LoadResult) => void) {
    this.#job = job;
    this.#done = done;
    this.#senders = Array.from({ length: job.connections }, (_, i) => new Sender(this, job, i));
    this.#timers.push(setTimeout(() => this.#start(), OPENING_WAIT_MS));
  }

  opened(socket: HttpSocket): void {
    if (this.#isOver) return;
    if (this.#isStarted) this.#send(socket, performance.now());
    else this.#noteTried();
  }

  answered(socket: HttpSocket, status: number, bytes: number): void {
    const now = performance.now();
    this.#underWay -= 1;
    this.#answers += 1;
    this.#bytes += bytes;
    this.#byStatus[status]! += 1;
    this.#latencies.add(now - socket.startedAt);
    if (!this.#isOver) this.#send(socket, now);
    else if (this.#underWay === 0) this.#finish();
  }

  closed(_socket: HttpSocket, was: ClosedSocket): void {
    if (was !== 'idle') this.#errors += 1;
    if (was === 'opening') this.#noteTried();
    if (was !== 'busy') return;
    this.#underWay -= 1;
    if (this.#isOver && this.#underWay === 0) this.#finish();
  }

  #send(socket: HttpSocket, now: number): void {
    this.#underWay += 1;
    this.#senders[socket.kind]!.send(now);
  }

  #noteTried(): void {
    this.#tried += 1;
    if (this.#tried >= this.#job.connections) this.#start();
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#startedAt = performance.now();
    this.#cpuBefore = process.cpuUsage();
    this.#timers.push(setTimeout(() => this.#end(), this.#job.seconds * 1000));
    for (const { socket } of this.#senders) {
      if (socket.isOpen) this.#send(socket, performance.now());
    }
  }

  #end(): void {
    this.#isOver = true;
    if (this.#underWay === 0) this.#finish();
    else this.#timers.push(setTimeout(() => this.#finish(), LAST_ANSWER_WAIT_MS));
  }

  #finish(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { socket } of this.#senders) socket.end();
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    const statuses: Record<string, number> = {};
    for (const [status, count] of this.#byStatus.entries()) {
      if (count > 0) statuses[status] = count;
    }
    this.#done({
      seconds: (performance.now() - this.#startedAt) / 1000,
      answers: this.#answers,
      statuses,
      errors: this.#errors + this.#underWay,
      ...this.#latencies.spread(),
      latency: this.#latencies.points(),
      cpuMicros: user + system,
      bytesPerAnswer: this.#bytes / Math.max(1, this.#answers),
    });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line) as LoadJob;
  const result = await new Promise<LoadResult>((resolve) => new Run(job, resolve));
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
