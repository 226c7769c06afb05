// What the scenario `neighbours` measures: orders on quiet drops, twice without a neighbour and
// then beside it, one after the other in each round. What the first two differ by is the machine's
// own.

import type { Spread } from '../load/latencies.ts';
import type { OpenLoopResult } from '../load/open-loop-load.ts';
import type { Cost } from '../measure.ts';
import type { Figure, Sample } from '../scenario.ts';

/** A figure besides the orders' own. */
export interface OwnFigure extends Figure {
  /** At most this, in the median of the rounds; null without an aim. */
  readonly aim: number | null;
}

export interface Neighbour {
  readonly key: string;
  readonly label: string;
  /** One sentence: what happens beside the orders, and where. */
  readonly about: string;
  /** Of samples beside it; those without may have them, too. */
  readonly own: readonly OwnFigure[];
  /** What it did in a measurement, so that one which did nothing is noticed. */
  readonly work: string;
}

/** One round of one neighbour. */
export interface Measured {
  readonly neighbour: Neighbour;
  /** The same as `without`, at another time of the round. */
  readonly control: Sample;
  readonly without: Sample;
  readonly beside: Sample;
  /** In the words of `Neighbour.work`. */
  readonly worked: number;
}

/** One or several neighbours that are measured on the same servers. */
export interface Neighbourhood {
  /** Why nothing can be measured here; null if it can. */
  readonly missing: string | null;
  /** Fills data directories. */
  fill(): Promise<void>;
  /** Starts what stays up through all rounds, and warms it up. */
  start(): Promise<void>;
  /** `round` counts from 0. */
  measureRound(round: number): AsyncIterable<Measured>;
  /** Safe at any time. Removes all files. */
  stop(): Promise<void>;
}

export interface NeighbourhoodOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly ordersPerSecond: number;
  /** How much of everything that is prepared; 1 is all. */
  readonly size: number;
  readonly profileDirectory: string | null;
}

export const ORDERS = 'orders';

export interface MeasuredOrders {
  readonly result: OpenLoopResult;
  readonly cost: Cost;
  readonly grownBytes: number;
  /** CPU time of the turns of the server's event loop; null where it does not measure them. */
  readonly turns: Spread | null;
}

export function sampleOf({ result, cost, grownBytes, turns }: MeasuredOrders): Sample {
  const { done, due } = result.kinds[ORDERS]!;
  return {
    figures: {
      perSecond: done.answers / result.seconds,
      p50Ms: done.p50Ms,
      p99Ms: done.p99Ms,
      maxMs: done.maxMs,
      notPlaced: due - done.answers,
      serverPercent: cost.serverCpuShare * 100,
      grownMb: grownBytes / 1e6,
      ...(turns !== null && { turnMs: turns.p99Ms, turnMaxMs: turns.maxMs }),
    },
  };
}
