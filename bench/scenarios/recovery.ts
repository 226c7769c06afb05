// Measures how long a shard with very many orders takes to serve again after a crash (J6): the
// shards alone, and a whole server up to its first answered order.

import { execFile } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Placed, Recovered } from '../load/shard-life.ts';
import {
  type CommonOptions,
  counted,
  type Figure,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Log,
} from '../scenario.ts';
import { LiveDropsServer, makeDataDirectory } from '../servers/livedrops-server.ts';

const LIFE = new URL('../load/shard-life.ts', import.meta.url).pathname;
/** The same as in `shard-life.ts`, which cannot be imported, since its import runs it. */
const DROP_ID = 'd_recovery';
const RATE_AIM = 500_000;
/** J6. */
const SERVE_AIM_MS = 2000;

const FIGURES: readonly Figure[] = [
  { key: 'rate', label: 'recovered', unit: 'orders/s', better: 'more', digits: 0 },
  { key: 'recovery', label: 'shards serve after', unit: 'ms', better: 'less', digits: 0 },
  { key: 'serve', label: 'first order of a new server', unit: 'ms', better: 'less', digits: 0 },
  { key: 'empty', label: 'the same without orders', unit: 'ms', better: 'less', digits: 0 },
  { key: 'wait', label: 'longest wait while placing', unit: 'ms', better: 'less', digits: 1 },
];

export interface RecoveryOptions extends CommonOptions {
  readonly orders: number;
}

export const recovery: Scenario<RecoveryOptions> = {
  name: 'recovery',
  description: 'time until a shard with very many orders serves again after a crash',
  options: [counted('--orders <n>', 'orders of the one drop', 1_000_000)],
  run: runRecovery,
};

async function runRecovery(options: RecoveryOptions, log: Log): Promise<ScenarioReport> {
  const { orders, rounds } = options;
  const directory = makeDataDirectory();
  try {
    log(`placing ${orders} orders`);
    const placing = ['place', directory, String(orders), String(rounds)];
    const placed = await life<Placed>(placing, []);
    const samples: Sample[] = [];
    for (let round = 0; round < rounds; round++) {
      log(`round ${round + 1} of ${rounds}`);
      // One profile is enough: each thread of each process writes one.
      const profileDirectory = round === 0 ? options.profileDirectory : null;
      const { recoveryMs } = await recover(directory, { ...options, profileDirectory });
      samples.push({
        figures: {
          rate: (orders / recoveryMs) * 1000,
          recovery: recoveryMs,
          serve: await firstOrderMs(copyOf(directory), true),
          empty: await firstOrderMs(makeDataDirectory(), false),
          wait: placed.longestWaitsMs[round]!,
        },
      });
    }
    return report(options, samples, placed);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Recovers a copy of the crashed directory in a fresh process. */
async function recover(crashed: string, options: RecoveryOptions): Promise<Recovered> {
  const { orders, profileDirectory } = options;
  const directory = copyOf(crashed);
  const profile = ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
  try {
    const args = ['recover', directory, String(orders)];
    return await life<Recovered>(args, profileDirectory === null ? [] : profile);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function life<Result>(args: readonly string[], nodeArgs: readonly string[]): Promise<Result> {
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeArgs, LIFE, ...args]);
  return JSON.parse(stdout) as Result;
}

/** A start writes to the journal, so each recovery gets a copy of the crashed directory. */
function copyOf(crashed: string): string {
  const directory = makeDataDirectory();
  cpSync(crashed, directory, { recursive: true });
  return directory;
}

/**
 * Milliseconds from the start of the server's process to the answer to an order of the drop. With
 * an empty directory the answer is that the drop does not exist.
 */
async function firstOrderMs(directory: string, isFilled: boolean): Promise<number> {
  const startedAt = performance.now();
  const server = new LiveDropsServer([], directory);
  try {
    await server.start();
    const url = `http://${server.host}:${server.port}/v1/drops/${DROP_ID}/orders`;
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${server.token('late-buyer')}`,
        'content-type': 'application/json',
        'idempotency-key': 'late',
      },
      body: '{"quantity":1}',
    });
    if (response.status !== (isFilled ? 201 : 404))
      throw new Error(`the first order was answered ${response.status}`);
    return performance.now() - startedAt;
  } finally {
    await server.stop();
  }
}

function report(
  { orders, rounds }: RecoveryOptions,
  samples: readonly Sample[],
  placed: Placed,
): ScenarioReport {
  const of = (key: string) => samples.map(({ figures }) => figures[key]!);
  const perSecond = Math.round(orders / placed.seconds).toLocaleString('en');
  return {
    name: 'recovery',
    title: 'A crash, and how soon orders are taken again',
    method:
      'Orders of one drop, each by another user, are placed through the real shard loop and ' +
      'SQLite journal, 256 at a time, and the process ends without a last snapshot; the read ' +
      'models are taken to have kept up. Then, each time on a copy of what it left and in a ' +
      'process that has compiled nothing yet: all shards are claimed and replayed, timed from ' +
      'the first claim until the last one serves; and the whole server is started on one core, ' +
      'timed from its process to the answer to a first order over HTTP, beside the same with an ' +
      'empty directory. The longest wait is that of a group of orders while a part of them was ' +
      'placed, as many parts as rounds, snapshots and fsyncs included.',
    settings: { orders, rounds },
    figures: FIGURES,
    subjects: [
      {
        key: 'livedrops',
        label: 'LiveDrops',
        role: 'livedrops',
        about:
          'LiveDrops with its SQLite journal (WAL, synchronous=FULL): the newest snapshot, one ' +
          'for each 100,000 events, and the entries behind it.',
        samples,
      },
    ],
    findings: [
      {
        label: 'orders recovered in a second',
        unit: 'orders/s',
        digits: 0,
        samples: of('rate'),
        better: 'more',
        aim: RATE_AIM,
      },
      {
        label: 'the shards serve again after',
        unit: 'ms',
        digits: 0,
        samples: of('recovery'),
        better: 'less',
        aim: SERVE_AIM_MS,
      },
      {
        label: 'a server with the orders, longer than an empty one',
        unit: 'ms',
        digits: 0,
        samples: samples.map(({ figures }) => figures['serve']! - figures['empty']!),
        better: 'less',
        aim: SERVE_AIM_MS,
      },
    ],
    notes: [
      `They were placed at ${perSecond} orders a second: one group at a time, so an fsync each.`,
    ],
  };
}
