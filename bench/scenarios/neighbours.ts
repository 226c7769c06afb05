// Orders on quiet drops beside everything that a node does besides selling them, and the same
// orders without it, in turns. Each neighbour is in `bench/neighbours/`.

import { DISTURBANCES } from '../neighbours/disturbances.ts';
import { DueWorkNeighbours } from '../neighbours/due-work.ts';
import { LostNode } from '../neighbours/lost-node.ts';
import type { Measured, Neighbourhood, NeighbourhoodOptions } from '../neighbours/neighbour.ts';
import { NeighboursOnOneServer } from '../neighbours/on-one-server.ts';
import { NeighboursOnStartedServers } from '../neighbours/on-started-servers.ts';
import {
  type CommonOptions,
  counted,
  type Log,
  type Scenario,
  type ScenarioReport,
} from '../scenario.ts';
import {
  byNeighbour,
  controlNote,
  figuresOf,
  findingsOf,
  subjectsOf,
  workNote,
} from './neighbours-report.ts';

interface Place {
  readonly keys: readonly string[];
  readonly create: (options: NeighbourhoodOptions, keys: readonly string[]) => Neighbourhood;
}

const PLACES: readonly Place[] = [
  {
    keys: Object.keys(DISTURBANCES),
    create: (options, keys) => new NeighboursOnOneServer(options, keys),
  },
  {
    keys: ['archiving', 'merging'],
    create: (options, keys) => new NeighboursOnStartedServers(options, keys),
  },
  { keys: ['due-work'], create: (options) => new DueWorkNeighbours(options) },
  { keys: ['lost-node'], create: (options) => new LostNode(options) },
];
const KEYS = PLACES.flatMap(({ keys }) => keys);
/** Directories are filled by so many processes at a time. */
const FILLING_AT_ONCE = 2;
const PERCENT = 100;

export interface NeighboursOptions extends CommonOptions {
  readonly ordersPerSecond: number;
  readonly size: number;
  readonly only: readonly string[];
}

export const neighbours: Scenario<NeighboursOptions> = {
  name: 'neighbours',
  description: 'orders on quiet drops beside each kind of disturbance, and twice without it',
  defaults: { rounds: 3, seconds: 4 },
  options: [
    counted('--orders-per-second <n>', 'on quiet drops', 1_000),
    counted('--size <percent>', 'of the orders, rows and drops that are prepared', PERCENT),
    { flags: '--only <list>', description: `of ${KEYS.join(',')}`, parse: keysOf, default: KEYS },
  ],
  run,
};

/** Throws for a name that is none. */
export function keysOf(list: string): string[] {
  const keys = list.split(',');
  const unknown = keys.find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new RangeError(`there is no neighbour ${unknown}`);
  return keys;
}

async function run(options: NeighboursOptions, log: Log): Promise<ScenarioReport> {
  const { rounds, seconds, ordersPerSecond, size, only } = options;
  const places = placesOf(options);
  const measurable = places.filter(({ missing }) => missing === null);
  const all: Measured[] = [];
  try {
    log('filling data directories');
    const toFill = [...measurable];
    await Promise.all(Array.from({ length: FILLING_AT_ONCE }, () => fillNext(toFill)));
    for (const place of measurable) await place.start();
    for (let round = 0; round < rounds; round++) {
      log(`round ${round + 1} of ${rounds}`);
      for (const place of measurable)
        for await (const measured of place.measureRound(round)) {
          log(lineOf(measured));
          all.push(measured);
        }
    }
  } finally {
    for (const place of places) await place.stop();
  }
  const byKey = byNeighbour(all);
  return {
    name: neighbours.name,
    title: 'Quiet drops beside busy neighbours',
    method: METHOD,
    settings: { rounds, seconds, ordersPerSecond, size, only: only.join(',') },
    figures: figuresOf(byKey),
    subjects: byKey.flatMap(subjectsOf),
    findings: byKey.flatMap(findingsOf),
    notes: [
      ...places.flatMap(({ missing }) => missing ?? []),
      ...byKey.map(workNote),
      ...byKey.flatMap((of) => controlNote(of) ?? []),
    ],
  };
}

function placesOf({ only, size, ...options }: NeighboursOptions): Neighbourhood[] {
  return PLACES.flatMap(({ keys, create }) => {
    const wanted = keys.filter((key) => only.includes(key));
    return wanted.length === 0 ? [] : [create({ ...options, size: size / PERCENT }, wanted)];
  });
}

async function fillNext(places: Neighbourhood[]): Promise<void> {
  for (let place = places.shift(); place !== undefined; place = places.shift()) await place.fill();
}

function lineOf({ neighbour, control, without, beside, worked }: Measured): string {
  const p99 = (of: Measured['without']) => `${of.figures['p99Ms']!.toFixed(1)} ms`;
  const work = `${Number(worked.toFixed(2))} ${neighbour.work}`;
  const alone = `${p99(without)} and ${p99(control)}`;
  return `${neighbour.label}: p99 ${p99(beside)}, without ${alone}; ${work}`;
}

const METHOD =
  'Orders come at a fixed rate for quiet drops, one in each shard but the disturbed one, and are ' +
  'timed from when they were due. In each round and for each neighbour they are measured twice ' +
  'without it, then beside it, on the same server; for archiving and merging on servers that ' +
  'were started on copies of one directory; for due work by bench/load/due-work.ts, in a process ' +
  'without HTTP; for a lost node through one gateway of a cluster of three. The CPU time of a ' +
  'turn is that of the thread of the event loop: others on the machine do not lengthen it. A ' +
  'ratio of 1 is no difference, and below 0.9 the 99th percentile is more than a tenth longer.';
