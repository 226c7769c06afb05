// Orders at a fixed rate, whatever the server makes of them: what very many people who do not wait
// for one another look like. Each request is timed from when it was due, so that one which found no
// free connection is not counted as quick. A process of its own; takes a job (JSON) from each line
// of its input, and prints how each status was spread.

import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Latencies, type Spread } from './latencies.ts';
import { KEY_LENGTH, type RequestPlan, requestBytes } from './request-plan.ts';

export interface OpenLoopJob {
  readonly plan: RequestPlan;
  readonly connections: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** Makes the keys of this run differ from those of any other. */
  readonly run: string;
}

export interface StatusResult extends Spread {
  readonly answers: number;
}

export interface OpenLoopResult {
  readonly seconds: number;
  /** Sent, and still without an answer some seconds after the last one was due. */
  readonly unanswered: number;
  /** Due, and never sent for want of a free connection. */
  readonly unsent: number;
  readonly statuses: Readonly<Record<string, StatusResult>>;
}

const TICK_MS = 1;
const LAST_ANSWER_WAIT_MS = 5_000;
const CONTENT_LENGTH = Buffer.from('ontent-Length: ');
const HEAD_END = Buffer.from('\r\n\r\n');

class Connection {
  dueAt = 0;
  readonly socket: Socket;
  readonly #loop: OpenLoop;
  #pending: Buffer | null = null;

  constructor(loop: OpenLoop, job: OpenLoopJob) {
    this.#loop = loop;
    this.socket = connect({ host: job.plan.host, port: job.plan.port, noDelay: true });
    this.socket.on('connect', () => loop.connected(this));
    this.socket.on('data', (chunk) => this.#receive(chunk));
    this.socket.on('error', (error) => loop.fail(error));
  }

  #receive(chunk: Buffer): void {
    const data = this.#pending === null ? chunk : Buffer.concat([this.#pending, chunk]);
    const headEnd = data.indexOf(HEAD_END);
    this.#pending = data;
    if (headEnd < 0) return;
    if (data.length < headEnd + HEAD_END.length + contentLength(data)) return;
    this.#pending = null;
    this.#loop.answered(this, data.toString('latin1', 9, 12));
  }
}

function contentLength(data: Buffer): number {
  const at = data.indexOf(CONTENT_LENGTH) + CONTENT_LENGTH.length;
  let length = 0;
  for (let i = at; data[i]! >= 48 && data[i]! <= 57; i++) length = length * 10 + data[i]! - 48;
  return length;
}

class OpenLoop {
  readonly #job: OpenLoopJob;
  readonly #requests: readonly { bytes: Buffer; keyAt: number }[];
  readonly #connections: Connection[] = [];
  readonly #idle: Connection[] = [];
  readonly #statuses = new Map<string, Latencies>();
  readonly fail: (error: Error) => void;
  readonly #opened: () => void;
  #sent = 0;
  #answered = 0;
  #startedAt = 0;

  constructor(job: OpenLoopJob, opened: () => void, fail: (error: Error) => void) {
    this.#job = job;
    this.#opened = opened;
    this.fail = fail;
    this.#requests = job.plan.tokens.map((token) => requestBytes(job.plan, token));
    for (let i = 0; i < job.connections; i++) this.#connections.push(new Connection(this, job));
  }

  async run(): Promise<OpenLoopResult> {
    const { perSecond, seconds } = this.#job;
    const total = Math.round(perSecond * seconds);
    this.#startedAt = performance.now();
    const endAt = this.#startedAt + seconds * 1000;
    while (performance.now() < endAt) {
      this.#sendDue(total);
      await pause(TICK_MS);
    }
    const giveUpAt = performance.now() + LAST_ANSWER_WAIT_MS;
    while (this.#answered < this.#sent && performance.now() < giveUpAt) await pause(TICK_MS);
    for (const { socket } of this.#connections) socket.destroy();
    const statuses: Record<string, StatusResult> = {};
    for (const [status, latencies] of this.#statuses) {
      statuses[status] = { answers: latencies.count, ...latencies.spread() };
    }
    return {
      seconds,
      unanswered: this.#sent - this.#answered,
      unsent: total - this.#sent,
      statuses,
    };
  }

  connected(connection: Connection): void {
    this.#idle.push(connection);
    if (this.#idle.length === this.#job.connections && this.#sent === 0) this.#opened();
  }

  answered(connection: Connection, status: string): void {
    this.#answered += 1;
    let latencies = this.#statuses.get(status);
    if (latencies === undefined) {
      latencies = new Latencies();
      this.#statuses.set(status, latencies);
    }
    latencies.add(performance.now() - connection.dueAt);
    this.#idle.push(connection);
  }

  #sendDue(total: number): void {
    const { perSecond, run } = this.#job;
    const elapsedMs = performance.now() - this.#startedAt;
    const due = Math.min(total, Math.floor((elapsedMs * perSecond) / 1000));
    while (this.#sent < due) {
      const connection = this.#idle.pop();
      if (connection === undefined) return;
      const { bytes, keyAt } = this.#requests[this.#sent % this.#requests.length]!;
      bytes.write(`${run}-${this.#sent}`.padEnd(KEY_LENGTH, 'x'), keyAt, 'latin1');
      connection.dueAt = this.#startedAt + (this.#sent * 1000) / perSecond;
      // A copy: the socket may keep it, and the next order of this buyer would write over it.
      connection.socket.write(Buffer.from(bytes));
      this.#sent += 1;
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line) as OpenLoopJob;
  const loop = await new Promise<OpenLoop>((resolve, reject) => {
    const made: OpenLoop = new OpenLoop(job, () => resolve(made), reject);
  });
  process.stdout.write(`${JSON.stringify(await loop.run())}\n`);
}
