// LiveDrops as an order server of a comparison: the real server with every role, as in `npm start`.

import type { RequestPlan } from '../load/request-plan.ts';
import type { OtherCheckout } from '../other-checkout.ts';
import { LiveDropsServer } from './livedrops-server.ts';
import type { Habit } from './order-consumers.ts';
import type { OrderServer } from './order-server.ts';
import { buyerTokens } from './sale-client.ts';

const CONSUMER_SERVER = new URL('consumer-server.ts', import.meta.url).pathname;

export interface LiveDropsOrderServerOptions {
  /** The directory for a CPU profile, written at the stop; null: no profile. */
  readonly profileDirectory: string | null;
  /** Another state of the repository in place of this one. */
  readonly checkout?: OtherCheckout;
  /** For data that are there before the start; a new one unless given. */
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Traces go to `url`, and this share of them is sent. */
  readonly traces?: { readonly url: string; readonly ratio: string };
  /** `LIVEDROPS_LEDGER`. */
  readonly ledger?: string;
  /** With a consumer of events that is slow, or the same server with none. */
  readonly consumer?: Habit | 'none';
}

export class LiveDropsOrderServer implements OrderServer {
  readonly key: string;
  readonly label: string;
  readonly role = 'livedrops';
  readonly about =
    'LiveDrops with every role in one process (`npm start`), rate limits off. An order is in an ' +
    'SQLite journal (WAL, synchronous=FULL), fsynced, before its answer.';
  /** For preparations beyond `drop`. */
  readonly sale: LiveDropsServer;

  constructor(options: LiveDropsOrderServerOptions) {
    const { profileDirectory, checkout, consumer, directory, traces, ledger } = options;
    const variant =
      checkout?.name ??
      consumer ??
      (traces && `traces-${traces.ratio}`) ??
      (ledger && `ledger-${ledger}`);
    this.key = variant === undefined ? 'livedrops' : `livedrops-${variant}`;
    this.label = 'LiveDrops';
    if (checkout !== undefined) this.label = `LiveDrops of ${checkout.name}`;
    else if (traces !== undefined) this.label = `LiveDrops, traces at ${traces.ratio}`;
    else if (ledger !== undefined) this.label = `LiveDrops, ledger ${ledger}`;
    else if (consumer !== undefined) this.label = `LiveDrops, consumer: ${consumer}`;
    const profile = ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
    const nodeArgs = profileDirectory === null ? [] : profile;
    const command = consumer === undefined ? checkout?.command : CONSUMER_SERVER;
    const habit = consumer === undefined || consumer === 'none' ? '' : consumer;
    const env = {
      BENCH_CONSUMER: habit,
      ...tracesEnv(traces),
      ...ledgerEnv(ledger),
      ...options.env,
    };
    this.sale = new LiveDropsServer(nodeArgs, directory, command, env);
  }

  start(): Promise<void> {
    return this.sale.start();
  }

  async drop(stock: number): Promise<RequestPlan> {
    const { host, port } = this.sale;
    const paths = [`/v1/drops/${await this.sale.drop(stock)}/orders`];
    return { host, port, paths, tokens: buyerTokens(), body: '{"quantity":1}' };
  }

  /** Sold units of the plan's only drop. */
  async sold({ paths }: RequestPlan): Promise<number> {
    return await this.sale.soldUnits(paths[0]!.split('/')[3]!);
  }

  cpuMicros(): number {
    return this.sale.process.cpuMicros();
  }

  residentBytes(): number {
    return this.sale.process.residentBytes();
  }

  stop(): Promise<void> {
    return this.sale.stop();
  }
}

function ledgerEnv(ledger: string | undefined): Record<string, string> {
  return ledger === undefined ? {} : { LIVEDROPS_LEDGER: ledger };
}

function tracesEnv(traces: LiveDropsOrderServerOptions['traces']): Record<string, string> {
  if (traces === undefined) return {};
  return { LIVEDROPS_TRACES: traces.url, LIVEDROPS_TRACE_RATIO: traces.ratio };
}
