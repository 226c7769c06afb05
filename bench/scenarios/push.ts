// Web Push (R1): how many messages a node sends in a second, what cryptography alone allows, and
// what it costs the orders of the same node.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoadProcess } from '../load/load-process.ts';
import { ordersOf, type RequestPlan } from '../load/request-plan.ts';
import { measure, type OpenLoop } from '../measure.ts';
import { besideNote } from '../orders-beside.ts';
import { LOAD_CORE, PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import {
  type CommonOptions,
  counted,
  type Log,
  type Sample,
  type Scenario,
  type ScenarioReport,
} from '../scenario.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';
import type { PushJob, PushJobResult } from '../servers/push-sender.ts';
import type { PushWalkerJob, PushWalkResult } from '../servers/push-walker.ts';
import { RawDurableOrderServer } from '../servers/raw-order-server.ts';
import { buyerTokens } from '../servers/sale-client.ts';
import {
  LABEL,
  METHOD,
  type Measured,
  PUSH_FIGURES,
  pushFindings,
  subjectsOf,
} from './push-report.ts';

const pathOf = (relative: string) => new URL(relative, import.meta.url).pathname;
const PUSHING_SERVER = pathOf('../servers/pushing-server.ts');
const SENDER = pathOf('../servers/push-sender.ts');
const WALKER = pathOf('../servers/push-walker.ts');
const SERVICE = pathOf('../servers/push-service.ts');
const CERTIFICATE = pathOf('../../test/servers/certificates/loopback-certificate.pem');
const WARM_UP_SECONDS = 1;
const CONNECTIONS = 32;
const STOCK = 10_000_000;
const MICROS = 1e6;
const MEGABYTE = 1e6;
/** As the thread of a server that sends pushes has it. */
const SENDER_NICE = 10;
/** Of a crowd of millions: to be written, and to be walked. */
const CROWD_MAX_MS = 30 * 60_000;

export interface PushOptions extends CommonOptions {
  readonly services: number;
  readonly ordersPerSecond: number;
  readonly followers: number;
  readonly subscriptions: number;
}

export const push: Scenario<PushOptions> = {
  name: 'push',
  description: 'pushes sent over HTTP/2, beside their cryptography alone, by a walk over followers',
  options: [
    counted('--services <n>', 'push services', 4),
    counted('--orders-per-second <n>', 'beside pushes and without', 2_000),
    counted('--followers <n>', 'who are walked over, once a round', 20_000),
    counted('--subscriptions <n>', 'of them, with a browser', 6_000),
  ],
  defaults: { rounds: 3, seconds: 5 },
  run,
};

async function run(options: PushOptions, log: Log): Promise<ScenarioReport> {
  const { rounds, seconds, services, ordersPerSecond, followers, subscriptions } = options;
  if (subscriptions > followers) throw new RangeError('a follower has one browser at most');
  const samples: Record<Measured, Sample[]> = {
    send: [],
    encrypt: [],
    walk: [],
    alone: [],
    control: [],
    beside: [],
    floor: [],
    floorBeside: [],
    'web-push': [],
  };
  const kinds = (Object.keys(samples) as Measured[]).filter(
    (kind) => kind !== 'web-push' || options.peers,
  );
  const bench = new PushBench(options);
  try {
    log(`${followers} followers are written, ${subscriptions} with a browser`);
    await bench.start();
    for (const kind of kinds) if (kind !== 'walk') await bench.measure(kind, WARM_UP_SECONDS);
    for (let round = 1; round <= rounds; round++) {
      log(`round ${round} of ${rounds}`);
      for (const kind of kinds) samples[kind].push(await bench.measure(kind, seconds));
    }
  } finally {
    await bench.stop();
  }
  const subjects = subjectsOf(samples);
  const note = besideNote(LABEL, samples);
  return {
    name: push.name,
    title: 'Web Push',
    method: METHOD,
    settings: { rounds, seconds, services, ordersPerSecond, followers, subscriptions },
    figures: PUSH_FIGURES,
    subjects: subjects.filter((subject) => subject.samples.length > 0),
    findings: pushFindings(subjects, samples, subscriptions),
    notes: note === null ? [] : [note],
  };
}

class PushBench {
  readonly #options: PushOptions;
  readonly #directory = mkdtempSync(join(tmpdir(), 'livedrops-push-'));
  readonly #services: PinnedProcess[] = [];
  readonly #sender: PinnedProcess;
  readonly #server = new LiveDropsServer([], undefined, PUSHING_SERVER, {
    NODE_EXTRA_CA_CERTS: CERTIFICATE,
    LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
  });
  readonly #paced: OpenLoop = new LoadProcess({ generator: 'open-loop' });
  #walker: PinnedProcess | null = null;
  #walks = 0;
  #origins: readonly string[] = [];
  #plan: RequestPlan | null = null;
  #floor: RawDurableOrderServer | null = null;
  #floorPlan: RequestPlan | null = null;

  constructor(options: PushOptions) {
    this.#options = options;
    this.#sender = this.#process(SENDER, SENDER_NICE);
  }

  async start(): Promise<void> {
    for (let i = 0; i < this.#options.services; i++)
      this.#services.push(new PinnedProcess({ core: LOAD_CORE, args: [SERVICE] }));
    const ports = await Promise.all(this.#services.map((service) => service.line()));
    this.#origins = ports.map((port) => `https://127.0.0.1:${port}`);
    await this.#sender.line();
    await this.#fill();
    this.#walker = this.#process(WALKER);
    await this.#walker.line();
    await this.#server.start();
    const { host, port } = this.#server;
    const paths = [`/v1/drops/${await this.#server.drop(STOCK)}/orders`];
    this.#plan = { host, port, paths, tokens: buyerTokens(), body: '{"quantity":1}' };
    const { bytesPerAnswer } = await measure({
      server: this.#server.process,
      plan: this.#plan,
      generator: 'saturating',
      connections: CONNECTIONS,
      seconds: WARM_UP_SECONDS,
      warmUpSeconds: 0,
    });
    this.#floor = new RawDurableOrderServer({ bytesPerAnswer, status: '201' });
    await this.#floor.start();
    this.#floorPlan = await this.#floor.drop();
  }

  async measure(kind: Measured, seconds: number): Promise<Sample> {
    const [plan, floorPlan] = [this.#plan!, this.#floorPlan!];
    if (kind === 'alone' || kind === 'control')
      return { figures: await this.#orders(plan, seconds) };
    if (kind === 'floor') return { figures: await this.#orders(floorPlan, seconds) };
    if (kind === 'walk') return await this.#walk();
    if (kind === 'beside') return await this.#beside(seconds);
    if (kind !== 'floorBeside') return await this.#job(kind, seconds);
    const [figures] = await Promise.all([
      this.#orders(floorPlan, seconds),
      this.#job('send', seconds),
    ]);
    return { figures };
  }

  async stop(): Promise<void> {
    for (const process of [...this.#services, this.#sender]) await process.stop();
    await this.#walker?.stop();
    await this.#server.stop();
    await this.#floor?.stop();
    await this.#paced.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #process(script: string, nice = 0): PinnedProcess {
    return new PinnedProcess({
      core: SERVER_CORE,
      args: [script, this.#directory],
      nice,
      env: { NODE_EXTRA_CA_CERTS: CERTIFICATE },
    });
  }

  /** By a process of its own, whose memory is not that of the walk. */
  async #fill(): Promise<void> {
    const { followers, subscriptions } = this.#options;
    const filler = this.#process(WALKER);
    try {
      await filler.line();
      await ask(filler, { what: 'fill', followers, subscriptions, origins: this.#origins });
    } finally {
      await filler.stop();
    }
  }

  async #walk(): Promise<Sample> {
    const walker = this.#walker!;
    this.#walks += 1;
    const before = walker.cpuMicros();
    const answer = await ask(walker, { what: 'walk', number: this.#walks });
    const result = JSON.parse(answer) as PushWalkResult;
    const cpuMicros = (walker.cpuMicros() - before) / result.messages;
    return {
      figures: {
        messagesPerSecond: result.messages / result.seconds,
        cpuMicros,
        perCore: MICROS / cpuMicros,
        failed: this.#options.subscriptions - result.messages,
        walkSeconds: result.seconds,
        lastSeconds: result.lastSeconds,
        withinMinute: result.withinMinute,
        memoryMb: result.memory / MEGABYTE,
      },
    };
  }

  async #job(what: PushJob['what'], seconds: number): Promise<Sample> {
    const before = this.#sender.cpuMicros();
    const job: PushJob = { what, origins: this.#origins, seconds };
    this.#sender.write(JSON.stringify(job));
    const result = JSON.parse(await this.#sender.line()) as PushJobResult;
    const cpuMicros = (this.#sender.cpuMicros() - before) / result.messages;
    return {
      figures: {
        messagesPerSecond: result.messages / result.seconds,
        cpuMicros,
        perCore: MICROS / cpuMicros,
        failed: result.failed,
        memoryMb: result.memory / MEGABYTE,
      },
    };
  }

  async #beside(seconds: number): Promise<Sample> {
    const { process } = this.#server;
    process.write(this.#origins.join(','));
    const startedAt = performance.now();
    const figures = await this.#orders(this.#plan!, seconds);
    process.write('');
    const messages = Number(await process.line());
    const took = (performance.now() - startedAt) / 1_000;
    return { figures: { ...figures, messagesPerSecond: messages / took } };
  }

  async #orders(plan: RequestPlan, seconds: number): Promise<Record<string, number>> {
    const result = await this.#paced.run({
      host: plan.host,
      port: plan.port,
      kinds: [ordersOf(plan)],
      connections: CONNECTIONS,
      perSecond: this.#options.ordersPerSecond,
      seconds,
    });
    const { done, due } = result.kinds['orders']!;
    return {
      ordersPerSecond: done.answers / result.seconds,
      notPlaced: due - done.answers,
      p50Ms: done.p50Ms,
      p99Ms: done.p99Ms,
    };
  }
}

async function ask(walker: PinnedProcess, job: PushWalkerJob): Promise<string> {
  walker.write(JSON.stringify(job));
  return await walker.line(CROWD_MAX_MS);
}
