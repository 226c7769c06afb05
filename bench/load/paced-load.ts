// A steady load on several drops that records how long each drop sold nothing: what buyers notice
// of a move or of a lost node. Each drop has its own connections and rate, so that one blocked drop
// does not delay another. Runs as a process: the first input line is a job (JSON), the output
// `ready` follows when every drop has sold a unit, and each further input line gets a report.

import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Latencies, type Spread } from './latencies.ts';
import { KEY_LENGTH, type RequestPlan, requestBytes } from './request-plan.ts';

export interface PacedJob {
  /** One plan for each drop. */
  readonly plans: readonly RequestPlan[];
  /** Connections of each drop. */
  readonly connections: number;
  /** Rate of each drop. */
  readonly ordersPerSecond: number;
}

/** A time in which a drop sold nothing. */
export interface Gap {
  /** Index of the drop's plan. */
  readonly drop: number;
  /** Milliseconds since the Unix epoch. */
  readonly from: number;
  readonly ms: number;
}

/** The results since the previous report. */
export interface PacedReport extends Spread {
  /** By HTTP status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly gaps: readonly Gap[];
  /** Number of gaps beyond `GAPS_MAX`, which are not listed. */
  readonly gapsLeftOut: number;
}

const TICK_MS = 1;
/** Far longer than the pause between two orders of a drop. */
const GAP_MIN_MS = 10;
const GAPS_MAX = 100_000;
const CREATED = '201';
const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /content-length: (\d+)/i;

class Connection {
  readonly socket: Socket;
  sentAt = 0;
  #pending = Buffer.alloc(0);

  constructor(drop: DropLoad, plan: RequestPlan) {
    this.socket = connect({ host: plan.host, port: plan.port, noDelay: true });
    this.socket.on('connect', () => drop.idle.push(this));
    this.socket.on('error', (error) => {
      throw error;
    });
    this.socket.on('data', (chunk) => {
      const data = Buffer.concat([this.#pending, chunk]);
      const headEnd = data.indexOf(HEAD_END);
      this.#pending = data;
      if (headEnd < 0) return;
      const length = CONTENT_LENGTH.exec(data.toString('latin1', 0, headEnd))?.[1] ?? '0';
      if (data.length < headEnd + HEAD_END.length + Number(length)) return;
      this.#pending = Buffer.alloc(0);
      drop.answered(this, data.toString('latin1', 9, 12));
    });
  }
}

class DropLoad {
  readonly idle: Connection[] = [];
  readonly #load: PacedLoad;
  readonly #index: number;
  readonly #requests: readonly { bytes: Buffer; keyAt: number }[];
  readonly #perTick: number;
  readonly #connections: number;
  #due = 0;
  #sent = 0;
  #soldAt = 0;

  constructor(load: PacedLoad, job: PacedJob, index: number) {
    const plan = job.plans[index]!;
    this.#load = load;
    this.#index = index;
    this.#perTick = job.ordersPerSecond / 1000;
    this.#connections = job.connections;
    this.#requests = plan.tokens.map((token) => requestBytes(plan, token));
    for (let i = 0; i < job.connections; i++) new Connection(this, plan);
  }

  get sells(): boolean {
    return this.#soldAt > 0;
  }

  /** Orders that find no free connection are skipped and not sent later. */
  tick(elapsedMs: number): void {
    this.#due = Math.min(this.#due + elapsedMs * this.#perTick, this.#connections);
    while (this.#due >= 1) {
      const connection = this.idle.pop();
      if (connection === undefined) return;
      this.#due -= 1;
      const { bytes, keyAt } = this.#requests[this.#sent % this.#requests.length]!;
      const key = `${process.pid}-${this.#index}-${this.#sent}`;
      bytes.write(key.padEnd(KEY_LENGTH, 'x'), keyAt, 'latin1');
      this.#sent += 1;
      connection.sentAt = performance.now();
      // A copy: the socket may still hold the buffer when this buyer's request is reused.
      connection.socket.write(Buffer.from(bytes));
    }
  }

  answered(connection: Connection, status: string): void {
    const now = performance.now();
    this.#load.count(status, now - connection.sentAt);
    this.idle.push(connection);
    if (status !== CREATED) return;
    const ms = now - this.#soldAt;
    const from = performance.timeOrigin + this.#soldAt;
    if (this.sells && ms >= GAP_MIN_MS) this.#load.note({ drop: this.#index, from, ms });
    this.#soldAt = now;
  }
}

class PacedLoad {
  readonly #drops: readonly DropLoad[];
  #latencies = new Latencies();
  #statuses: Record<string, number> = {};
  #gaps: Gap[] = [];
  #gapsLeftOut = 0;
  #tickedAt = performance.now();

  constructor(job: PacedJob) {
    this.#drops = job.plans.map((_, index) => new DropLoad(this, job, index));
    setInterval(() => this.#tick(), TICK_MS);
  }

  get sells(): boolean {
    return this.#drops.every((drop) => drop.sells);
  }

  count(status: string, latencyMs: number): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    this.#latencies.add(latencyMs);
  }

  note(gap: Gap): void {
    if (this.#gaps.length < GAPS_MAX) this.#gaps.push(gap);
    else this.#gapsLeftOut += 1;
  }

  report(): PacedReport {
    const report = {
      ...this.#latencies.spread(),
      statuses: this.#statuses,
      gaps: this.#gaps,
      gapsLeftOut: this.#gapsLeftOut,
    };
    this.#latencies = new Latencies();
    this.#statuses = {};
    this.#gaps = [];
    this.#gapsLeftOut = 0;
    return report;
  }

  #tick(): void {
    const now = performance.now();
    for (const drop of this.#drops) drop.tick(now - this.#tickedAt);
    this.#tickedAt = now;
  }
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const first = await lines.next();
if (first.done === true) throw new Error('no job came');
const load = new PacedLoad(JSON.parse(first.value) as PacedJob);
while (!load.sells) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
process.stdout.write('ready\n');
for (;;) {
  const line = await lines.next();
  if (line.done === true) process.exit();
  process.stdout.write(`${JSON.stringify(load.report())}\n`);
}
