// A realistic mix: nine of ten requests are reads, the rest are orders and some other writes.
// Requests come at a fixed rate (an open loop), so that a slow server gets no fewer requests. The
// rates are shares of the capacity, from a tenth to more than all of it; the capacity is measured
// in each round.

import { allowOpenFiles } from '../file-limit.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { OpenLoopResult } from '../load/open-loop-load.ts';
import { type Cost, costOf, median, type OpenLoop } from '../measure.ts';
import { profileNotes } from '../order-comparison.ts';
import {
  type CommonOptions,
  counted,
  type Figure,
  type Finding,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
  type Log,
} from '../scenario.ts';
import { LiveDropsOrderServer } from '../servers/livedrops-order-server.ts';
import { mixedRequests, READS, ORDERS, WRITES } from './mixed-requests.ts';

/** Rates as shares of the capacity. */
const STEPS: readonly number[] = [0.1, 0.25, 0.5, 0.75, 0.9, 1.1];
const CAPACITY_CONNECTIONS = 64;
const WARM_UP_SECONDS = 15;
const FILES_BESIDE_SOCKETS = 256;
/** A rate holds if the 99th percentile of orders is at most this, */
const P99_MAX_MS = 25;
/** and if at least this share of the due orders is placed. */
const PLACED_SHARE_MIN = 0.99;
const HALF_P99_AIM_MS = 10;

export interface MixedOptions extends CommonOptions {
  readonly connections: number;
}

export const mixed: Scenario<MixedOptions> = {
  name: 'mixed',
  description: '90 % reads, 9 % orders and 1 % other writes at fixed rates, up to saturation',
  options: [counted('--connections <n>', 'keep-alive connections', 1_024)],
  defaults: { rounds: 3, seconds: 4 },
  run,
};

/** One run at one rate. */
interface RateRun {
  readonly perSecond: number;
  readonly result: OpenLoopResult;
  readonly cost: Cost;
}

interface Measured {
  /** For each of `STEPS`, the runs of all rounds. */
  readonly steps: readonly (readonly RateRun[])[];
  /** The index of the highest step that holds; -1 for none. */
  readonly highest: number;
  /** Runs at half of that rate. */
  readonly halves: readonly RateRun[];
}

async function run(options: MixedOptions, log: Log): Promise<ScenarioReport> {
  const { rounds, seconds, connections } = options;
  allowOpenFiles(connections + FILES_BESIDE_SOCKETS);
  const server = new LiveDropsOrderServer(options);
  const load: OpenLoop = new LoadProcess({ generator: 'open-loop' });
  try {
    await server.start();
    const { host, port } = server.sale;
    const job = { host, port, kinds: await mixedRequests(server.sale), seconds };
    log('warming up, and measuring the capacity');
    const saturating = { ...job, connections: CAPACITY_CONNECTIONS, perSecond: null };
    await load.run({ ...saturating, seconds: WARM_UP_SECONDS });
    const runAt = async (perSecond: number): Promise<RateRun> => {
      return { perSecond, ...(await costOf(server, load, { ...job, connections, perSecond })) };
    };
    const capacities: number[] = [];
    const steps: RateRun[][] = STEPS.map(() => []);
    for (let round = 1; round <= rounds; round++) {
      const { answers, seconds: measuredSeconds } = await load.run(saturating);
      const capacity = answers / measuredSeconds;
      capacities.push(capacity);
      log(`round ${round} of ${rounds}: up to ${(capacity * STEPS.at(-1)!).toFixed(0)} a second`);
      for (const [i, step] of STEPS.entries()) steps[i]!.push(await runAt(capacity * step));
    }
    const highest = highestStep(steps.map((runs) => runs.map(({ result }) => result)));
    const halves: RateRun[] = [];
    for (const [round, capacity] of capacities.entries()) {
      log(`half of the highest rate that holds, ${round + 1} of ${rounds}`);
      halves.push(await runAt((capacity * (STEPS[highest] ?? STEPS[0]!)) / 2));
    }
    const settings = { rounds, seconds, connections, capacity: Math.round(median(capacities)) };
    return reportOf(server.about, options, settings, { steps, highest, halves });
  } finally {
    await load.stop();
    await server.stop();
  }
}

/**
 * The index of the highest step that holds, by the median of its rounds, so that one slow minute of
 * the machine does not decide; -1 if no step holds.
 */
export function highestStep(steps: readonly (readonly Pick<OpenLoopResult, 'kinds'>[])[]): number {
  return steps.findLastIndex((results) => {
    const orders = results.map(({ kinds }) => kinds[ORDERS]!);
    const p99Ms = median(orders.map(({ done }) => done.p99Ms));
    const placedShare = median(orders.map(({ done, due }) => done.answers / Math.max(1, due)));
    return p99Ms <= P99_MAX_MS && placedShare >= PLACED_SHARE_MIN;
  });
}

function reportOf(
  about: string,
  options: MixedOptions,
  settings: ScenarioReport['settings'],
  { steps, highest, halves }: Measured,
): ScenarioReport {
  const subjects = steps.map((runs, i): Subject => {
    const percent = Math.round(STEPS[i]! * 100);
    const label = `${percent} % of the capacity`;
    return {
      key: `step-${percent}`,
      label,
      role: 'livedrops',
      about,
      samples: runs.map(sampleOf),
    };
  });
  subjects.push({
    key: 'half-of-highest',
    label: 'half of the highest rate that holds',
    role: 'livedrops',
    about,
    samples: halves.map(sampleOf),
  });
  return {
    name: mixed.name,
    title: 'Reads, orders and other writes together',
    method: METHOD,
    settings,
    figures: FIGURES,
    subjects,
    findings: findingsOf({ steps, highest, halves }),
    notes: [...steps.flatMap(notesOf), ...profileNotes(options)],
  };
}

function findingsOf({ steps, highest, halves }: Measured): Finding[] {
  const held = steps[highest]?.map(({ perSecond }) => perSecond) ?? [0];
  return [
    {
      label: `highest rate with p99 of orders at most ${P99_MAX_MS} ms`,
      unit: 'requests/s',
      digits: 0,
      samples: held,
      better: 'more',
      aim: null,
    },
    {
      label: 'p99 of orders at half of that rate',
      unit: 'ms',
      digits: 1,
      samples: halves.map(({ result }) => result.kinds[ORDERS]!.done.p99Ms),
      better: 'less',
      aim: HALF_P99_AIM_MS,
    },
  ];
}

function sampleOf({ perSecond, result, cost }: RateRun): Sample {
  const [orders, reads, writes] = [ORDERS, READS, WRITES].map((name) => result.kinds[name]!);
  return {
    figures: {
      askedPerSecond: perSecond,
      perSecond: result.answers / result.seconds,
      placedPercent: (orders!.done.answers / Math.max(1, orders!.due)) * 100,
      p50Ms: orders!.done.p50Ms,
      p99Ms: orders!.done.p99Ms,
      readsP50Ms: reads!.done.p50Ms,
      readsP99Ms: reads!.done.p99Ms,
      writesP50Ms: writes!.done.p50Ms,
      writesP99Ms: writes!.done.p99Ms,
      cpuMicros: cost.serverCpuMicrosPerAnswer,
      serverPercent: cost.serverCpuShare * 100,
      loadPercent: cost.loadCpuShare * 100,
    },
    latency: orders!.done.latency,
  };
}

/** Notes about refused, unsent and lost requests of one step over all rounds. */
function notesOf(runs: readonly RateRun[], step: number): string[] {
  const sum = (read: (result: OpenLoopResult) => number) =>
    runs.reduce((total, { result }) => total + read(result), 0);
  const unsent = sum((result) => result.unsent);
  const lost = sum((result) => result.unanswered + result.errors);
  const refused = sum(refusedOf);
  if (unsent + lost + refused === 0) return [];
  const perSecond = median(runs.map((one) => one.perSecond)).toFixed(0);
  return [
    `At ${Math.round(STEPS[step]! * 100)} % (${perSecond} a second), all rounds together: ` +
      `${refused} requests were refused, ${unsent} found no free connection, ` +
      `${lost} got no answer.`,
  ];
}

function refusedOf({ kinds }: OpenLoopResult): number {
  const statuses = Object.values(kinds).flatMap((kind) => Object.entries(kind.statuses));
  return statuses
    .filter(([status]) => !status.startsWith('2'))
    .reduce((total, [, { answers }]) => total + answers, 0);
}

const FIGURES: readonly Figure[] = [
  { key: 'askedPerSecond', label: 'asked', unit: 'requests/s', better: 'neither', digits: 0 },
  { key: 'perSecond', label: 'answers', unit: 'requests/s', better: 'more', digits: 0 },
  { key: 'placedPercent', label: 'orders placed', unit: '%', better: 'more', digits: 1 },
  { key: 'p50Ms', label: 'orders p50', unit: 'ms', better: 'less', digits: 2 },
  { key: 'p99Ms', label: 'orders p99', unit: 'ms', better: 'less', digits: 2 },
  { key: 'readsP50Ms', label: 'reads p50', unit: 'ms', better: 'less', digits: 2 },
  { key: 'readsP99Ms', label: 'reads p99', unit: 'ms', better: 'less', digits: 2 },
  { key: 'writesP50Ms', label: 'other writes p50', unit: 'ms', better: 'less', digits: 2 },
  { key: 'writesP99Ms', label: 'other writes p99', unit: 'ms', better: 'less', digits: 2 },
  { key: 'cpuMicros', label: 'server CPU', unit: 'µs', better: 'less', digits: 1 },
  { key: 'serverPercent', label: 'server of its core', unit: '%', better: 'neither', digits: 0 },
  { key: 'loadPercent', label: 'load of its core', unit: '%', better: 'neither', digits: 0 },
];

const METHOD =
  'Twenty live drops of ten creators and 4,096 signed-in users. Of 1,000 requests, 900 read (550 ' +
  "a drop, 100 a product, 100 a creator's drops, 100 one's own orders, 50 one's own " +
  'notifications), 90 order, and 10 follow, unfollow or change a product, drawn at random. What ' +
  '64 connections carry one after the other is taken as the capacity, anew in each round; then ' +
  'requests come at fixed shares of it, whatever comes back. A rate holds by the median of its ' +
  'rounds. Each request is timed from when it was due, waiting for a free connection included. ' +
  'Percentiles are those of requests that were done; the latency curve is that of orders.';
