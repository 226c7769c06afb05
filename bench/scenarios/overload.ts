// Twice as many orders as the server can take (H6): how soon the refused ones are told, and what
// the admitted ones wait, beside a server with time to spare.

import { allowOpenFiles } from '../file-limit.ts';
import type { OpenLoopJob, OpenLoopResult, StatusResult } from '../load/open-loop-load.ts';
import type { RequestPlan } from '../load/request-plan.ts';
import { measure } from '../measure.ts';
import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';

const BUYERS = 4096;
const STOCK = 10_000_000;
const CAPACITY_CONNECTIONS = 64;
const WARM_UP_SECONDS = 8;
/** Of the capacity: far from any queue. */
const UNLOADED_SHARE = 0.1;
const FILES_BESIDE_SOCKETS = 256;

export interface OverloadOptions {
  readonly seconds: number;
  /** How many times the capacity is asked for. */
  readonly factor: number;
  readonly connections: number;
}

export interface OverloadRun {
  readonly capacityPerSecond: number;
  readonly unloaded: OpenLoopResult;
  readonly askedPerSecond: number;
  readonly overloaded: OpenLoopResult;
  readonly loadCpuShare: number;
}

export async function overload(options: OverloadOptions): Promise<OverloadRun> {
  allowOpenFiles(options.connections + FILES_BESIDE_SOCKETS);
  const server = new LiveDropsServer();
  const script = new URL('../load/open-loop-load.ts', import.meta.url).pathname;
  const load = new PinnedProcess({ core: LOAD_CORE, args: [script] });
  let runs = 0;
  const send = async (plan: RequestPlan, perSecond: number): Promise<OpenLoopResult> => {
    const { connections, seconds } = options;
    const job: OpenLoopJob = { plan, connections, perSecond, seconds, run: `open-${++runs}` };
    load.write(JSON.stringify(job));
    return JSON.parse(await load.line()) as OpenLoopResult;
  };
  try {
    await server.start();
    const dropId = await server.drop(STOCK);
    const plan: RequestPlan = {
      host: server.host,
      port: server.port,
      path: `/v1/drops/${dropId}/orders`,
      tokens: Array.from({ length: BUYERS }, (_, i) => server.token(`buyer-${i}`)),
      body: '{"quantity":1}',
    };
    const capacity = await measure({
      server: server.process,
      plan,
      generator: 'saturating',
      connections: CAPACITY_CONNECTIONS,
      seconds: options.seconds,
      warmUpSeconds: WARM_UP_SECONDS,
    });
    const unloaded = await send(plan, capacity.perSecond * UNLOADED_SHARE);
    const askedPerSecond = capacity.perSecond * options.factor;
    const loadCpu = load.cpuMicros();
    const overloaded = await send(plan, askedPerSecond);
    const loadCpuShare = (load.cpuMicros() - loadCpu) / 1e6 / options.seconds;
    return {
      capacityPerSecond: capacity.perSecond,
      unloaded,
      askedPerSecond,
      overloaded,
      loadCpuShare,
    };
  } finally {
    await load.stop();
    await server.stop();
  }
}

export function describeOverload(run: OverloadRun): string {
  const { unloaded, overloaded } = run;
  const row = (name: string, status: StatusResult | undefined, seconds: number) => {
    if (status === undefined) return `${name.padEnd(34)}none`;
    const { answers, p50Ms, p99Ms, maxMs } = status;
    const columns = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1).padStart(8));
    return `${name.padEnd(34)}${(answers / seconds).toFixed(0).padStart(8)} ${columns.join(' ')}`;
  };
  const head = ['per s', 'p50 ms', 'p99 ms', 'max ms'].map((name) => name.padStart(8)).join(' ');
  const others = Object.entries(overloaded.statuses).filter(([status]) => !/201|503/.test(status));
  return [
    `${'from when each order was due'.padEnd(34)}${head}`,
    row('a tenth of the capacity: orders', unloaded.statuses['201'], unloaded.seconds),
    row('too many: orders', overloaded.statuses['201'], overloaded.seconds),
    row('too many: refused with 503', overloaded.statuses['503'], overloaded.seconds),
    ...others.map(([status, of]) => row(`too many: ${status}`, of, overloaded.seconds)),
    '',
    `capacity ${run.capacityPerSecond.toFixed(0)} orders a second; asked for ` +
      `${run.askedPerSecond.toFixed(0)}: ${overloaded.unsent} found no free connection, ` +
      `${overloaded.unanswered} got no answer; load at ${(run.loadCpuShare * 100).toFixed(0)} %`,
  ].join('\n');
}
