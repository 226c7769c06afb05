// Due work beside orders, by `bench/load/due-work.ts`: the cancellation of a very large drop and
// holds that end together, twice without and once beside it, on copies of one directory.

import { rmSync } from 'node:fs';
import type { DueWorkFigures, DueWorkJob } from '../load/due-work.ts';
import type { Spread } from '../load/latencies.ts';
import { PinnedProcess } from '../pinned-process.ts';
import type { Sample } from '../scenario.ts';
import type { Measured, Neighbour, Neighbourhood, NeighbourhoodOptions } from './neighbour.ts';
import { PreparedData } from './prepared-data.ts';

const SCRIPT = new URL('../load/due-work.ts', import.meta.url).pathname;
const DATA = 'due';
const COPY = 'served';
const CANCELLED_ORDERS = 1_000_000;
const ENDING_HOLDS = 100_000;
const NEIGHBOURS = 60;
/** Shorter, and no drop would open and close in it. */
const SECONDS_MIN = 6;
const LATE_AIM_MS = 50;
const ABOUT =
  'A drop with 1,000,000 orders is cancelled and 100,000 holds of another end together; beside ' +
  'them drops open, end a hold and close. No HTTP: real shards and stores in one process.';

function late(key: string, label: string) {
  return { key, label, unit: 'ms', better: 'less', digits: 1, aim: LATE_AIM_MS } as const;
}

const WORK = 's until nothing was due, or the end of the measurement';

const ELSEWHERE: Neighbour = {
  key: 'due-work',
  label: 'due work in another shard',
  about: ABOUT,
  own: [
    late('openingMs', 'latest opening'),
    late('closingMs', 'latest closing'),
    late('holdEndMs', 'latest end of a hold'),
    {
      key: 'turnMs',
      label: 'CPU time of a turn of the event loop, p99',
      unit: 'ms',
      better: 'less',
      digits: 2,
      aim: null,
    },
  ],
  work: WORK,
};

const SAME_SHARD: Neighbour = {
  key: 'due-work-same-shard',
  label: 'due work in the same shard',
  about: `${ABOUT} Orders of a quiet drop in their shard.`,
  own: [],
  work: WORK,
};

export class DueWorkNeighbours implements Neighbourhood {
  readonly missing = null;
  readonly #job: DueWorkJob;
  readonly #data = new PreparedData();
  #process: PinnedProcess | null = null;

  constructor({ size, seconds, ordersPerSecond }: NeighbourhoodOptions) {
    this.#job = {
      cancelledDrops: 1,
      ordersPerCancelledDrop: Math.ceil(CANCELLED_ORDERS * size),
      endingHolds: Math.ceil(ENDING_HOLDS * size),
      neighbours: NEIGHBOURS,
      ordersPerSecond: ordersPerSecond / 2,
      seconds: Math.max(seconds, SECONDS_MIN),
    };
  }

  async fill(): Promise<void> {
    const directory = this.#data.path(DATA);
    await this.#data.fill('due-work.ts', 'prepare', directory, JSON.stringify(this.#job));
  }

  async start(): Promise<void> {}

  async *measureRound(): AsyncGenerator<Measured> {
    const control = await this.#run('quiet');
    const without = await this.#run('quiet');
    const beside = await this.#run('');
    const { cancelledAfterMs, holdsEndedAfterMs } = beside;
    const endMs = this.#job.seconds * 1000;
    const worked = Math.max(cancelledAfterMs ?? endMs, holdsEndedAfterMs ?? endMs) / 1000;
    for (const neighbour of [ELSEWHERE, SAME_SHARD])
      yield {
        neighbour,
        control: sampleOf(neighbour, control, this.#job),
        without: sampleOf(neighbour, without, this.#job),
        beside: sampleOf(neighbour, beside, this.#job),
        worked,
      };
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#data.remove();
  }

  async #run(mode: 'quiet' | ''): Promise<DueWorkFigures> {
    const directory = this.#data.copy(DATA, COPY);
    const args = [SCRIPT, 'run', directory, JSON.stringify(this.#job), mode];
    // The load is in the process, too, so it has all cores.
    this.#process = new PinnedProcess({ core: null, args });
    const figures = JSON.parse(await this.#process.line()) as DueWorkFigures;
    await this.#process.stop();
    rmSync(directory, { recursive: true });
    return figures;
  }
}

/** Orders of both kinds are as many. */
function sampleOf(neighbour: Neighbour, figures: DueWorkFigures, job: DueWorkJob): Sample {
  const isElsewhere = neighbour === ELSEWHERE;
  const orders: Spread = isElsewhere ? figures.ordersElsewhere : figures.ordersBeside;
  return {
    figures: {
      perSecond: figures.orders / 2 / job.seconds,
      p50Ms: orders.p50Ms,
      p99Ms: orders.p99Ms,
      maxMs: orders.maxMs,
      ...(isElsewhere && {
        openingMs: figures.openings.maxMs,
        closingMs: figures.closings.maxMs,
        holdEndMs: figures.holdEnds.maxMs,
        turnMs: figures.turns.p99Ms,
      }),
    },
  };
}
