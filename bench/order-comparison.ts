// Compares servers that sell the same drop to the same load. Each server is started and warmed up;
// then every round measures each server once. A peer that does not run on this machine, or gives
// wrong answers, is excluded with a note. The same failure of LiveDrops or the ceiling is an error.

import { LoadProcess } from './load/load-process.ts';
import type { RequestPlan } from './load/request-plan.ts';
import {
  type ClosedLoop,
  type Measurement,
  measure,
  median,
  ORDER_FIGURES,
  sampleOf,
} from './measure.ts';
import type { CommonOptions, Finding, Sample, ScenarioOption, Subject, Log } from './scenario.ts';
import { counted, ratio } from './scenario.ts';
import type { OrderServer } from './servers/order-server.ts';

/** The second option stands for the drop of a celebrity. */
export const CONNECTION_OPTIONS: readonly ScenarioOption[] = [
  counted('--connections <n>', 'keep-alive connections', 64),
  counted('--many-connections <n>', 'connections of a second series, without the peers', 512),
];

/** A pause between measurements, so that one server's leftovers do not disturb the next. */
const REST_MS = 300;
const WARM_UP_AGAIN_SECONDS = 2;
/** The largest accepted share of a peer's requests with a wrong answer. */
const STRAY_SHARE_MAX = 0.01;
/** From this share of its core on, the load may be the limit and not the server. */
const LOAD_LIMIT_PERCENT = 90;

/** A running server and the requests it gets. */
export interface Contender {
  readonly server: OrderServer;
  readonly plan: RequestPlan;
  /** Bytes of head and body of an answer, measured during the warm-up. */
  readonly bytesPerAnswer: number;
}

/** One server at one number of connections: a subject of the report. */
export interface Series {
  readonly contender: Contender;
  readonly connections: number;
  readonly key: string;
  readonly label: string;
  readonly samples: Sample[];
}

export interface OrderComparisonOptions extends Pick<CommonOptions, 'rounds' | 'seconds'> {
  readonly log: Log;
  /** The expected status of every answer. */
  readonly status: '201' | '409';
}

export interface AdmitOptions {
  /** Creates drops on the running server. */
  readonly prepare: (server: OrderServer) => Promise<RequestPlan>;
  readonly connections: number;
  readonly warmUpSeconds: number;
}

export class OrderComparison {
  readonly #notes: string[] = [];
  readonly #options: OrderComparisonOptions;
  readonly #load: ClosedLoop = new LoadProcess({ generator: 'saturating' });
  readonly #running: OrderServer[] = [];
  #series: Series[] = [];

  constructor(options: OrderComparisonOptions) {
    this.#options = options;
  }

  /** Starts and warms up a server. Rejects if it does not run or gives wrong answers. */
  async admit(server: OrderServer, options: AdmitOptions): Promise<Series> {
    this.#options.log(`starting and warming up ${server.label}`);
    this.#running.push(server);
    await server.start();
    const plan = await options.prepare(server);
    const contender = { server, plan, bytesPerAnswer: 0 };
    const { connections, warmUpSeconds: seconds } = options;
    const warm = await this.#measure(contender, connections, seconds, this.#load);
    const { key, label } = server;
    const { bytesPerAnswer } = warm;
    return this.#addSeries({ ...options, contender: { ...contender, bytesPerAnswer }, key, label });
  }

  /** Starts and warms up peers. Returns those that run on this machine. */
  async admitPeers(servers: readonly OrderServer[], options: AdmitOptions): Promise<Series[]> {
    const admitted: Series[] = [];
    for (const server of servers) {
      try {
        admitted.push(await this.admit(server, options));
      } catch (error) {
        await this.#exclude(server, error);
      }
    }
    return admitted;
  }

  /** A further series of the same server at another number of connections. */
  async again(of: Series, connections: number): Promise<Series> {
    const { contender, key, label } = of;
    await this.#measure(contender, connections, WARM_UP_AGAIN_SECONDS, this.#load);
    return this.#addSeries({
      contender,
      connections,
      key: `${key}-${connections}`,
      label: `${label}, ${connections} connections`,
    });
  }

  #addSeries({ contender, connections, key, label }: Omit<Series, 'samples'>): Series {
    const series: Series = { contender, connections, key, label, samples: [] };
    this.#series.push(series);
    return series;
  }

  /** Measures every series once in each round, then calls `afterEachRound`. */
  async measureRounds(
    afterEachRound: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const { rounds, seconds, log } = this.#options;
    for (let round = 1; round <= rounds; round++) {
      log(`round ${round} of ${rounds}`);
      for (const series of this.#series) await this.#measureSeries(series, seconds);
      await afterEachRound();
    }
  }

  /** Measures one series once with another load. */
  async measureBy(load: ClosedLoop, { contender, connections }: Series): Promise<Sample> {
    const { seconds } = this.#options;
    await load.run({ plan: contender.plan, connections, seconds: WARM_UP_AGAIN_SECONDS });
    return sampleOf(await this.#measure(contender, connections, seconds, load));
  }

  async #measureSeries(series: Series, seconds: number): Promise<void> {
    const { contender, connections } = series;
    try {
      const measured = await this.#measure(contender, connections, seconds, this.#load);
      series.samples.push(sampleOf(measured));
    } catch (error) {
      if (contender.server.role !== 'peer') throw error;
      await this.#exclude(contender.server, error);
    }
  }

  async #measure(
    { server, plan }: Contender,
    connections: number,
    seconds: number,
    load: ClosedLoop,
  ): Promise<Measurement> {
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    const generator = load === this.#load ? 'saturating' : 'autocannon';
    const loaded = { server, plan, generator, connections, seconds, load } as const;
    const measured = await measure({ ...loaded, warmUpSeconds: 0 });
    this.#check(server, measured);
    return measured;
  }

  #check({ label, role }: OrderServer, measured: Measurement): void {
    const { status } = this.#options;
    const { answers, statuses, errors } = measured;
    const requests = answers + errors;
    const strays = requests - (statuses[status] ?? 0);
    if (strays === 0 && answers > 0) return;
    const text =
      `${label}: ${strays} of ${requests} requests were not answered ${status} ` +
      `(${JSON.stringify(statuses)}, ${errors} without an answer)`;
    if (role !== 'peer' || !(strays <= requests * STRAY_SHARE_MAX)) throw new Error(text);
    this.#notes.push(`${text}.`);
  }

  async #exclude(server: OrderServer, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.log(`left out: ${server.label}: ${reason}`);
    this.#notes.push(`Left out: ${server.label}: ${reason}.`);
    this.#series = this.#series.filter(({ contender }) => contender.server !== server);
    this.#running.splice(this.#running.indexOf(server), 1);
    await server.stop();
  }

  /** The series that were not excluded. */
  subjects(): Subject[] {
    return this.#series.map(subjectOf);
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  /** The collected notes, the series limited by the load, and the figures in which a peer wins. */
  notes(own: Series): string[] {
    const limits = this.#series
      .filter((series) => middle(series, 'loadPercent') >= LOAD_LIMIT_PERCENT)
      .map(
        ({ label }) => `${label}: the load had no time to spare on its core; it may be the limit.`,
      );
    const losses = this.#series
      .filter(({ contender }) => contender.server.role === 'peer')
      .flatMap((peer) => lossesTo(peer, own));
    return [...this.#notes, ...limits, ...losses];
  }

  /** The ratio of LiveDrops' rate to the rate of each peer that was not excluded. */
  factors(of: Series, peers: readonly Series[]): Finding[] {
    return peers
      .filter((peer) => this.#series.includes(peer))
      .map((peer) =>
        ratio({
          label: `rate, times ${peer.label}`,
          of: subjectOf(of),
          to: subjectOf(peer),
          figure: 'perSecond',
          aim: 1,
        }),
      );
  }

  async stop(): Promise<void> {
    await this.#load.stop();
    for (const server of this.#running) await server.stop();
  }
}

/** Compares medians over all rounds. */
function lossesTo(peer: Series, own: Series): string[] {
  const losses = ORDER_FIGURES.filter(({ key, better }) => {
    if (better === 'neither') return false;
    const ahead = middle(peer, key) - middle(own, key);
    return better === 'more' ? ahead > 0 : ahead < 0;
  }).map(({ key, label, unit, digits }) => {
    const [ours, theirs] = [own, peer].map((series) => middle(series, key).toFixed(digits));
    return `${label} ${ours} against ${theirs} ${unit}`;
  });
  if (losses.length === 0) return [];
  return [`${own.label} loses to ${peer.label}: ${losses.join(', ')}.`];
}

function middle({ samples }: Series, figure: string): number {
  return median(samples.map(({ figures }) => figures[figure]!));
}

export function subjectOf({ contender, key, label, samples }: Series): Subject {
  const { role, about } = contender.server;
  return { key, label, role, about, samples };
}

/** Ratios of rate and CPU time to the ceiling at the same connections, whose name is `name`. */
export function ceilingFindings(
  of: Series,
  ceiling: Series,
  aim: number | null,
  name = 'the ceiling',
): Finding[] {
  const to = subjectOf(ceiling);
  const at = `at ${of.connections} connections`;
  const both = { of: subjectOf(of), to, aim };
  return [
    ratio({ ...both, label: `rate, of ${name}'s, ${at}`, figure: 'perSecond' }),
    ratio({
      ...both,
      label: `CPU time, ${name}'s to its own, ${at}`,
      figure: 'cpuMicros',
      inverse: true,
    }),
  ];
}

export function p99Finding(label: string, samples: readonly Sample[], aim: number | null): Finding {
  const values = samples.map(({ figures }) => figures['p99Ms']!);
  return { label, unit: 'ms', digits: 1, samples: values, better: 'less', aim };
}

export function profileNotes({ profileDirectory }: CommonOptions): string[] {
  if (profileDirectory === null) return [];
  return ['LiveDrops was profiled during the measurement, which costs CPU time.'];
}
