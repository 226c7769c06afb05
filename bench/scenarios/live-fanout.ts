// Very many subscribers of one drop over real WebSockets: how long a change takes from being asked
// for to each client, what a delivered frame costs the server, and what an idle connection holds.
// Beside it, in the same run, the bare server that publishes frames of the same size to the same
// clients.

import { allowOpenFiles } from '../file-limit.ts';
import { Latencies, type Spread } from '../load/latencies.ts';
import type {
  LiveLoadCommand,
  LiveReport,
  OpenCommand,
  ReportCommand,
} from '../load/live-subscribers.ts';
import { LOAD_CORE, PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import type { PublishCommand } from '../servers/live-raw-server.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';

/** Further apart than stock ticks, so that each change is a frame of its own, sent at once. */
const SINGLE_INTERVAL_MS = 400;
/** Closer than stock ticks, so that a frame stands for several changes. */
const STORM_INTERVAL_MS = 10;
const START_DELAY_MS = 1_000;
/** Memory and CPU time are read once garbage collection and the opening are over. */
const SETTLE_MS = 3_000;
const FILES_BESIDE_SOCKETS = 256;
const UPCOMING_MS = 3_600_000;

export interface LiveFanoutOptions {
  readonly subscribers: number;
  /** Length of each measurement. */
  readonly seconds: number;
  /** Without accounts, on the drop's own stream. */
  readonly visitors?: true;
}

interface Delivery extends LiveReport {
  readonly cpuMicrosPerFrame: number;
  readonly serverCpuShare: number;
  readonly loadCpuShare: number;
}

export interface LiveFanoutRun {
  readonly subscribers: number;
  readonly openedInMs: number;
  readonly bytesPerConnection: number;
  readonly start: Spread;
  readonly single: Delivery;
  readonly storm: Delivery;
  /** From sending an order to its answer, in the storm. */
  readonly stormAnswers: Spread;
  readonly raw: Delivery;
  readonly rawBytesPerConnection: number;
}

type DurableAt = ReportCommand['durableAt'];

/** The server, and the process that holds its subscribers. */
class Stage {
  readonly server: PinnedProcess;
  readonly #load: PinnedProcess;

  constructor(server: PinnedProcess) {
    this.server = server;
    const script = new URL('../load/live-subscribers.ts', import.meta.url).pathname;
    this.#load = new PinnedProcess({ core: LOAD_CORE, args: [script] });
  }

  /** Resolves to the growth of the server's memory for each connection, and the time it took. */
  async open(command: OpenCommand): Promise<{ bytes: number; ms: number }> {
    await pause(SETTLE_MS);
    const before = this.server.residentBytes();
    const startedAt = performance.now();
    await this.#ask(command);
    const ms = performance.now() - startedAt;
    await pause(SETTLE_MS);
    return { bytes: (this.server.residentBytes() - before) / command.connections, ms };
  }

  async deliver(change: () => Promise<DurableAt>): Promise<Delivery> {
    await this.#ask({ type: 'measure' });
    const startedAt = performance.now();
    const [serverCpu, loadCpu] = [this.server.cpuMicros(), this.#load.cpuMicros()];
    const durableAt = await change();
    const report = (await this.#ask({ type: 'report', durableAt })) as LiveReport;
    const micros = (performance.now() - startedAt) * 1000;
    const serverMicros = this.server.cpuMicros() - serverCpu;
    return {
      ...report,
      cpuMicrosPerFrame: serverMicros / report.frames,
      serverCpuShare: serverMicros / micros,
      loadCpuShare: (this.#load.cpuMicros() - loadCpu) / micros,
    };
  }

  async close(): Promise<void> {
    await this.#load.stop();
  }

  async #ask(command: LiveLoadCommand): Promise<unknown> {
    this.#load.write(JSON.stringify(command));
    return JSON.parse(await this.#load.line());
  }
}

export async function liveFanout(options: LiveFanoutOptions): Promise<LiveFanoutRun> {
  const { subscribers } = options;
  allowOpenFiles(subscribers + FILES_BESIDE_SOCKETS);
  const measured = await livedropsRun(options);
  const frameBytes = Math.round(measured.single.frameBytes);
  return { subscribers, ...measured, ...(await rawRun(options, frameBytes)) };
}

async function livedropsRun(options: LiveFanoutOptions) {
  const { subscribers, seconds } = options;
  const server = new LiveDropsServer();
  const stage = new Stage(server.process);
  try {
    await server.start();
    const dropId = await server.drop(1_000_000, UPCOMING_MS);
    const opened = await stage.open({
      ...subscription(server, dropId, options),
      type: 'open',
      host: server.host,
      port: server.port,
      connections: subscribers,
      subscribedBy: '{"type":"drop.snapshot"',
    });
    const start = await stage.deliver(() => startDrop(server, dropId));
    let buyers = 0;
    const order = () => server.order(dropId, `buyer-${++buyers}`);
    const place = (intervalMs: number, answers: Latencies) =>
      stage.deliver(() => placeOrders({ order, seconds, intervalMs, answers }));
    const single = await place(SINGLE_INTERVAL_MS, new Latencies());
    const stormAnswers = new Latencies();
    const storm = await place(STORM_INTERVAL_MS, stormAnswers);
    return {
      openedInMs: opened.ms,
      bytesPerConnection: opened.bytes,
      start: start.frame,
      single,
      storm,
      stormAnswers: stormAnswers.spread(),
    };
  } finally {
    await stage.close();
    await server.stop();
  }
}

function subscription(server: LiveDropsServer, dropId: string, options: LiveFanoutOptions) {
  if (options.visitors === true) return { paths: [`/v1/drops/${dropId}/live`], hello: null };
  const paths = Array.from({ length: options.subscribers }, (_, i) => {
    return `/v1/notifications?access_token=${server.token(`viewer-${i}`)}`;
  });
  return { paths, hello: JSON.stringify({ type: 'subscribe', topic: `drop:${dropId}` }) };
}

/** The start counts from the time set for it, so it has in it how late the owner opens the drop. */
async function startDrop(server: LiveDropsServer, dropId: string): Promise<DurableAt> {
  const startsAt = Date.now() + START_DELAY_MS;
  const startsAtMonotonic = monotonicMs() + startsAt - Date.now();
  const { version } = await server.reschedule(dropId, startsAt);
  return [[version + 1, startsAtMonotonic]];
}

/**
 * An order counts from when it is sent, which is earlier than when it is durable: the time in the
 * journal is part of what is measured.
 */
async function placeOrders(plan: {
  order: () => Promise<{ version: number }>;
  seconds: number;
  intervalMs: number;
  answers: Latencies;
}): Promise<DurableAt> {
  const { order, seconds, intervalMs, answers } = plan;
  const durableAt: [number, number][] = [];
  const orders: Promise<void>[] = [];
  const count = Math.round((seconds * 1000) / intervalMs);
  const placeOne = async (sentAt: number) => {
    const { version } = await order();
    answers.add(monotonicMs() - sentAt);
    durableAt.push([version, sentAt]);
  };
  for (let i = 0; i < count; i++) {
    orders.push(placeOne(monotonicMs()));
    await pause(intervalMs);
  }
  await Promise.all(orders);
  return durableAt.toSorted(([a], [b]) => a - b);
}

async function rawRun(options: LiveFanoutOptions, bytes: number) {
  const script = new URL('../servers/live-raw-server.ts', import.meta.url).pathname;
  const server = new PinnedProcess({ core: SERVER_CORE, args: [script] });
  const stage = new Stage(server);
  try {
    const { hostname, port } = new URL((await server.line()).replace('ready on ', ''));
    const opened = await stage.open({
      type: 'open',
      host: hostname,
      port: Number(port),
      connections: options.subscribers,
      paths: ['/'],
      hello: null,
      subscribedBy: null,
    });
    const frames = Math.round((options.seconds * 1000) / SINGLE_INTERVAL_MS);
    const command: PublishCommand = { frames, intervalMs: SINGLE_INTERVAL_MS, bytes };
    const raw = await stage.deliver(async () => {
      server.write(JSON.stringify(command));
      return JSON.parse(await server.line()) as DurableAt;
    });
    return { raw, rawBytesPerConnection: opened.bytes };
  } finally {
    await stage.close();
    await server.stop();
  }
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function describeLiveFanout(run: LiveFanoutRun): string {
  const { subscribers, single, storm, raw } = run;
  const row = (name: string, { p50Ms, p99Ms, maxMs }: Spread, cpu: Delivery | null) => {
    const columns = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1).padStart(8));
    if (cpu !== null) {
      columns.push(cpu.cpuMicrosPerFrame.toFixed(2).padStart(8));
      for (const share of [cpu.serverCpuShare, cpu.loadCpuShare])
        columns.push(`${(share * 100).toFixed(0)} %`.padStart(8));
    }
    return `${name.padEnd(38)}${columns.join(' ')}`;
  };
  const head = ['p50 ms', 'p99 ms', 'max ms', 'CPU µs', 'server', 'load'];
  const deliveries = [single, storm];
  const sum = (read: (delivery: Delivery) => number) =>
    deliveries.reduce((total, delivery) => total + read(delivery), 0);
  const ratio = raw.cpuMicrosPerFrame / single.cpuMicrosPerFrame;
  return [
    `${`${subscribers} subscribers`.padEnd(38)}${head.map((name) => name.padStart(8)).join(' ')}`,
    row('start of the drop, from its time', run.start, null),
    row('single orders, to their frame', single.frame, single),
    row('raw publish, same bytes', raw.frame, raw),
    row('storm, frame of the latest order', storm.frame, storm),
    row('storm, every order to a frame with it', storm.change, null),
    row('storm, every order to its answer', run.stormAnswers, null),
    '',
    `CPU for a delivered frame: ${ratio.toFixed(2)} of the raw publish server's`,
    `${sum(({ frames }) => frames)} frames of ${single.frameBytes.toFixed(0)} bytes: ` +
      `${sum(({ missed }) => missed)} missing, ${sum((of) => of.steppedBack)} out of order`,
    `memory: ${(run.bytesPerConnection / 1024).toFixed(1)} KiB a connection, ` +
      `raw ${(run.rawBytesPerConnection / 1024).toFixed(1)} KiB; ` +
      `all were open after ${(run.openedInMs / 1000).toFixed(1)} s`,
  ].join('\n');
}
