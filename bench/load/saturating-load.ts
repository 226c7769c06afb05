// A load generator that costs a fraction of autocannon's CPU time for each request, so that on two cores the server is the limit and
// not the load. It patches a new key into prepared bytes, keeps one request under way on each connection, and reads no more of a
// reply than its status and length. Runs as a process of its own: reads a plan (JSON) from its first line of input, prints a result.

import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { KEY_LENGTH, type RequestPlan, requestBytes } from './request-plan.ts';

export interface LoadJob {
  readonly plan: RequestPlan;
  readonly connections: number;
  readonly seconds: number;
  /** Makes the keys of this run differ from those of any other. */
  readonly run: string;
}

export interface LoadResult {
  readonly seconds: number;
  readonly answers: number;
  /** By HTTP status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Answers' bodies and headers together, in bytes, on average. */
  readonly bytesPerAnswer: number;
}

const LATENCY_STEP_MS = 0.01;
const LATENCY_STEPS = 1_000_000;

class Connection {
  readonly #socket: Socket;
  readonly #requests: readonly { bytes: Buffer; keyAt: number }[];
  readonly #run: Run;
  readonly #name: string;
  #count = 0;
  #sentAt = 0;
  #pending: Buffer | null = null;

  constructor(run: Run, job: LoadJob, index: number) {
    this.#run = run;
    this.#name = `${job.run}-${index}-`;
    const tokens = job.plan.tokens.filter(
      (_, i) => i % job.connections === index % job.plan.tokens.length,
    );
    this.#requests = tokens.map((token) => requestBytes(job.plan, token));
    this.#socket = connect({ host: job.plan.host, port: job.plan.port, noDelay: true });
    this.#socket.on('connect', () => this.#send());
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', (error) => run.fail(error));
    this.#socket.on('close', () => run.closed());
  }

  #send(): void {
    const { bytes, keyAt } = this.#requests[this.#count % this.#requests.length]!;
    bytes.write(`${this.#name}${this.#count}`.padEnd(KEY_LENGTH, 'x'), keyAt, 'latin1');
    this.#count += 1;
    this.#sentAt = performance.now();
    this.#socket.write(bytes);
  }

  #receive(chunk: Buffer): void {
    const data = this.#pending === null ? chunk : Buffer.concat([this.#pending, chunk]);
    const length = answerLength(data);
    if (length === 0 || data.length < length) {
      this.#pending = data;
      return;
    }
    this.#pending = null;
    this.#run.answered(data.toString('latin1', 9, 12), length, performance.now() - this.#sentAt);
    if (this.#run.over) this.#socket.end();
    else this.#send();
  }
}

/** Header and body of the reply in `data`, in bytes; 0 while its header is incomplete. */
function answerLength(data: Buffer): number {
  const end = data.indexOf('\r\n\r\n');
  if (end < 0) return 0;
  const header = data.toString('latin1', 0, end).toLowerCase();
  const at = header.indexOf('content-length: ');
  return end + 4 + (at < 0 ? 0 : Number.parseInt(header.slice(at + 16), 10));
}

class Run {
  over = false;
  #open: number;
  #answers = 0;
  #bytes = 0;
  #startedAt = performance.now();
  readonly #statuses: Record<string, number> = {};
  readonly #latencies = new Uint32Array(LATENCY_STEPS);
  readonly #done: (result: LoadResult) => void;
  readonly fail: (error: Error) => void;

  constructor(job: LoadJob, done: (result: LoadResult) => void, fail: (error: Error) => void) {
    this.#open = job.connections;
    this.#done = done;
    this.fail = fail;
    for (let i = 0; i < job.connections; i++) new Connection(this, job, i);
    setTimeout(() => {
      this.over = true;
    }, job.seconds * 1000);
  }

  answered(status: string, bytes: number, latencyMs: number): void {
    this.#answers += 1;
    this.#bytes += bytes;
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    const step = Math.min(LATENCY_STEPS - 1, Math.round(latencyMs / LATENCY_STEP_MS));
    this.#latencies[step]! += 1;
  }

  closed(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#done({
      seconds: (performance.now() - this.#startedAt) / 1000,
      answers: this.#answers,
      statuses: this.#statuses,
      p50Ms: this.#percentile(0.5),
      p99Ms: this.#percentile(0.99),
      maxMs: this.#percentile(1),
      bytesPerAnswer: this.#bytes / this.#answers,
    });
  }

  #percentile(share: number): number {
    let left = this.#answers * share;
    for (let step = 0; step < LATENCY_STEPS; step++) {
      left -= this.#latencies[step]!;
      if (left <= 0) return step * LATENCY_STEP_MS;
    }
    return LATENCY_STEPS * LATENCY_STEP_MS;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line) as LoadJob;
  const result = await new Promise<LoadResult>((resolve, reject) => new Run(job, resolve, reject));
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
