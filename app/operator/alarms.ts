// What operators see of what is wrong now: what all nodes measured, compared with what they
// measured up to a minute before (X7).

import type { ActionParams } from '../../contracts/actions.ts';
import type { AlarmReport, Sample } from '../../contracts/alarms.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { PlacementStore } from '../../storage/ports/placement.ts';
import { alarmsOf, type Measured } from '../alarms/alarms.ts';
import { maySeeOperations } from '../caller.ts';

/** What the alarms read of each node that is there; null where it does not answer in time. */
export interface NodeMeasures {
  read(): Promise<ReadonlyMap<string, readonly Sample[] | null>>;
}

export interface OperatorAlarmsOptions {
  readonly nodeMeasures: NodeMeasures;
  /** Null for a node alone. */
  readonly placement: Pick<PlacementStore, 'load'> | null;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that never steps. */
  readonly monotonic: () => number;
}

/** Nodes are asked no more often, however many operators look. */
const REPORT_MS = 1_000;
/** A rise is told for so long: also to who looks every few seconds. */
const WATCHED_MS = 60_000;
/** Between looks that are remembered, so that there are a dozen at most. */
const REMEMBERED_MS = 5_000;

interface Look extends Measured {
  readonly at: number;
}

export class OperatorAlarms {
  readonly #options: OperatorAlarmsOptions;
  #last: { readonly at: number; readonly report: Promise<AlarmReport> } | null = null;
  /** The oldest first. */
  #looks: readonly Look[] = [];
  #lost: readonly string[] = [];

  constructor(options: OperatorAlarmsOptions) {
    this.#options = options;
  }

  async report({ caller }: ActionParams<'operator.reportAlarms'>): Promise<Outcome<AlarmReport>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const at = this.#options.monotonic();
    if (this.#last === null || at - this.#last.at >= REPORT_MS)
      this.#last = { at, report: this.#make(at) };
    return success(await this.#last.report);
  }

  async #make(at: number): Promise<AlarmReport> {
    const { nodeMeasures, now } = this.#options;
    const [measures, lost] = await Promise.all([nodeMeasures.read(), this.#lostNodes()]);
    const scrapes = new Map<string, readonly Sample[]>();
    const silent: string[] = [];
    for (const [node, samples] of measures)
      if (samples === null) silent.push(node);
      else scrapes.set(node, samples);
    const look = { at, lost, silent, scrapes };
    const before = this.#remember(look);
    return {
      at: now(),
      watchedSeconds: (at - before.at) / 1_000,
      nodes: [...scrapes.keys()],
      alarms: alarmsOf(before.scrapes, look),
    };
  }

  /** The oldest look of the last minute: this one, where it is the first. */
  #remember(look: Look): Look {
    const recent = this.#looks.filter(({ at }) => look.at - at <= WATCHED_MS);
    const newest = recent.at(-1);
    const isDue = newest === undefined || look.at - newest.at >= REMEMBERED_MS;
    this.#looks = isDue ? [...recent, look] : recent;
    return this.#looks[0]!;
  }

  /** While the store is away, those of before: it is then that alarms are needed. */
  async #lostNodes(): Promise<readonly string[]> {
    try {
      const placement = await this.#options.placement?.load();
      this.#lost = placement?.lost.map(({ nodeId }) => nodeId) ?? [];
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'store-unavailable') throw error;
    }
    return this.#lost;
  }
}
