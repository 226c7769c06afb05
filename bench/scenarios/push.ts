// Web Push (R1): how many messages a node sends in a second, what cryptography alone allows, and
// what it costs the orders of the same node.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoadProcess } from '../load/load-process.ts';
import { ordersOf, type RequestPlan } from '../load/request-plan.ts';
import type { OpenLoop } from '../measure.ts';
import { LOAD_CORE, PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import {
  type CommonOptions,
  count,
  type Finding,
  type Log,
  ratio,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
} from '../scenario.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';
import type { PushJob, PushJobResult } from '../servers/push-sender.ts';
import { buyerTokens } from '../servers/sale-client.ts';
import { PUSH_FIGURES } from './push-report.ts';

const pathOf = (relative: string) => new URL(relative, import.meta.url).pathname;
const PUSHING_SERVER = pathOf('../servers/pushing-server.ts');
const SENDER = pathOf('../servers/push-sender.ts');
const SERVICE = pathOf('../servers/push-service.ts');
const CERTIFICATE = pathOf('../../test/servers/certificates/loopback-certificate.pem');
const WARM_UP_SECONDS = 1;
const CONNECTIONS = 32;
const STOCK = 10_000_000;
const MICROS = 1e6;
const MEGABYTE = 1e6;

export interface PushOptions extends CommonOptions {
  readonly services: number;
  readonly ordersPerSecond: number;
}

export const push: Scenario<PushOptions> = {
  name: 'push',
  description: 'pushes sent over HTTP/2, beside their cryptography alone, and orders beside pushes',
  options: [
    { flags: '--services <n>', description: 'push services', parse: count, default: 4 },
    {
      flags: '--orders-per-second <n>',
      description: 'beside pushes and without',
      parse: count,
      default: 2_000,
    },
  ],
  defaults: { rounds: 3, seconds: 5 },
  run,
};

type Measured = PushJob['what'] | 'orders' | 'beside';

async function run(options: PushOptions, log: Log): Promise<ScenarioReport> {
  const samples: Record<Measured, Sample[]> = {
    send: [],
    encrypt: [],
    orders: [],
    beside: [],
    'web-push': [],
  };
  const kinds = (Object.keys(samples) as Measured[]).filter(
    (kind) => kind !== 'web-push' || options.peers,
  );
  const bench = new PushBench(options);
  try {
    await bench.start();
    for (const kind of kinds) await bench.measure(kind, WARM_UP_SECONDS);
    for (let round = 1; round <= options.rounds; round++) {
      log(`round ${round} of ${options.rounds}`);
      for (const kind of kinds) samples[kind].push(await bench.measure(kind, options.seconds));
    }
  } finally {
    await bench.stop();
  }
  const subjects = subjectsOf(samples);
  const [sent, made, alone, beside] = subjects as [Subject, Subject, Subject, Subject];
  const { rounds, seconds, services, ordersPerSecond } = options;
  return {
    name: push.name,
    title: 'Web Push',
    method: METHOD,
    settings: { rounds, seconds, services, ordersPerSecond },
    figures: PUSH_FIGURES,
    subjects: subjects.filter((subject) => subject.samples.length > 0),
    findings: [
      ratio({
        label: 'messages of a core, to cryptography alone',
        of: sent,
        to: made,
        figure: 'perCore',
        aim: null,
      }),
      finding(sent, 'perCore', 'messages sent by a whole core', 'messages/s', 'more', 2_500),
      finding(sent, 'memoryMb', 'memory that sending takes', 'MB', 'less', 150),
      ratio({
        label: 'p99 of orders without pushes, to that beside them',
        of: beside,
        to: alone,
        figure: 'p99Ms',
        aim: 0.9,
        inverse: true,
      }),
    ],
    notes: [],
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
  #origins: readonly string[] = [];
  #plan: RequestPlan | null = null;

  constructor(options: PushOptions) {
    this.#options = options;
    this.#sender = new PinnedProcess({
      core: SERVER_CORE,
      args: [SENDER, this.#directory],
      env: { NODE_EXTRA_CA_CERTS: CERTIFICATE },
    });
  }

  async start(): Promise<void> {
    for (let i = 0; i < this.#options.services; i++)
      this.#services.push(new PinnedProcess({ core: LOAD_CORE, args: [SERVICE] }));
    const ports = await Promise.all(this.#services.map((service) => service.line()));
    this.#origins = ports.map((port) => `https://127.0.0.1:${port}`);
    await this.#sender.line();
    await this.#server.start();
    const { host, port } = this.#server;
    const paths = [`/v1/drops/${await this.#server.drop(STOCK)}/orders`];
    this.#plan = { host, port, paths, tokens: buyerTokens(), body: '{"quantity":1}' };
  }

  async measure(kind: Measured, seconds: number): Promise<Sample> {
    if (kind === 'orders') return { figures: await this.#orders(seconds) };
    return kind === 'beside' ? await this.#beside(seconds) : await this.#job(kind, seconds);
  }

  async stop(): Promise<void> {
    for (const process of [...this.#services, this.#sender]) await process.stop();
    await this.#server.stop();
    await this.#paced.stop();
    rmSync(this.#directory, { recursive: true, force: true });
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
    const figures = await this.#orders(seconds);
    process.write('');
    const messages = Number(await process.line());
    const took = (performance.now() - startedAt) / 1_000;
    return { figures: { ...figures, messagesPerSecond: messages / took } };
  }

  async #orders(seconds: number): Promise<Record<string, number>> {
    const plan = this.#plan!;
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

function finding(
  { samples }: Subject,
  figure: string,
  label: string,
  unit: string,
  better: Finding['better'],
  aim: number,
): Finding {
  const values = samples.map(({ figures }) => figures[figure]!);
  return { label, unit, digits: 0, samples: values, better, aim };
}

function subjectsOf(samples: Readonly<Record<Measured, readonly Sample[]>>): Subject[] {
  return [
    {
      key: 'livedrops',
      label: 'pushes',
      role: 'livedrops',
      about:
        'The sending side of a node: its thread encrypts, signs and sends over HTTP/2 and TLS.',
      samples: samples.send,
    },
    {
      key: 'encryption',
      label: 'encryption alone',
      role: 'ceiling',
      about: 'The same messages encrypted (RFC 8291), one key pair each, by one thread.',
      samples: samples.encrypt,
    },
    {
      key: 'orders',
      label: 'orders alone',
      role: 'livedrops',
      about: 'The whole server on its core, orders of one drop at a fixed rate.',
      samples: samples.orders,
    },
    {
      key: 'orders-beside',
      label: 'orders beside pushes',
      role: 'livedrops',
      about:
        'The same, while the thread of the same server sends pushes as fast as its core gives.',
      samples: samples.beside,
    },
    {
      key: 'web-push',
      label: 'web-push',
      role: 'peer',
      about: 'web-push 3.6.7 encrypts and signs the same messages, and sends nothing.',
      samples: samples['web-push'],
    },
  ];
}

const METHOD =
  'A node sends the news of a drop to 1,000 browsers in turn, at push services on the other core ' +
  'that take everything, over HTTP/2 and TLS. 128 messages are under way at each service. CPU is ' +
  'that of the whole process, its main thread and its thread for pushes; a core that did nothing ' +
  'else would send a million by the microseconds of one. Beside it the same messages are ' +
  'encrypted and go nowhere, and are encrypted and signed by web-push. Orders come to a whole ' +
  'server at a fixed rate and are timed from when they were due, first alone, then while a ' +
  'thread of that server sends pushes from the same core. Above 0.9 their 99th percentile is ' +
  'less than a tenth longer.';
