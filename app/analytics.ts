// Analytics of a drop and of a creator, for those who act for the creator and for operators; and of
// the whole store, for operators (L2). Everything is read from sums: nothing is replayed.

import type { ActionParams } from '../contracts/actions.ts';
import {
  type Analytics,
  ANALYTICS_POINTS_MAX,
  type AnalyticsRange,
  type AnalyticsStep,
  type DropAnalytics,
} from '../contracts/analytics.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import {
  ALL,
  type AnalyticsStore,
  STEP_MS,
  subjectOfCreator,
  subjectOfDrop,
} from '../storage/ports/analytics.ts';
import { addedUp, figuresOf } from './analytics-figures.ts';
import { maySeeOperations } from './caller.ts';
import { creatorOfDrop, type DropCreatorsOptions, mayAct } from './permissions.ts';

/** Steps of a range that does not say where it begins: a day of minutes, 60 days of hours. */
const STEPS_DEFAULT = 1_440;
const FINE_SECONDS = 120;

export interface AnalyticsUseCasesOptions extends DropCreatorsOptions {
  readonly analytics: AnalyticsStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

interface WholeRange {
  readonly step: AnalyticsStep;
  readonly from: number;
  readonly to: number;
}

export class AnalyticsUseCases {
  readonly #options: AnalyticsUseCasesOptions;

  constructor(options: AnalyticsUseCasesOptions) {
    this.#options = options;
  }

  async ofDrop({
    caller,
    dropId,
    range,
  }: ActionParams<'analytics.ofDrop'>): Promise<Outcome<DropAnalytics>> {
    const { analytics, now } = this.#options;
    const creator = await creatorOfDrop(this.#options, dropId);
    if (!creator.ok) return creator;
    const { value: creatorId } = creator;
    if (!mayAct(caller, creatorId, 'analytics.read') && !maySeeOperations(caller))
      return refusal('forbidden');
    const exact = analytics.exact(await analytics.generation());
    const [known = null] = await exact.drops([dropId]);
    const openedAt = known?.openedAt ?? null;
    const soldOutAt = known?.soldOutAt ?? null;
    const whole = this.#range(range, openedAt);
    if (!whole.ok) return whole;
    const isBoth = openedAt !== null && soldOutAt !== null;
    return success({
      dropId,
      creatorId,
      openedAt,
      soldOutAt,
      secondsToSoldOut: isBoth ? Math.max(soldOutAt - openedAt, 0) / 1_000 : null,
      watching: await analytics.watching(dropId, now()),
      ...(await this.#read(subjectOfDrop(dropId), whole.value)),
    });
  }

  async ofCreator({
    caller,
    creatorId,
    range,
  }: ActionParams<'analytics.ofCreator'>): Promise<Outcome<Analytics>> {
    if (!mayAct(caller, creatorId, 'analytics.read') && !maySeeOperations(caller))
      return refusal('forbidden');
    const whole = this.#range(range, null);
    return whole.ok ? success(await this.#read(subjectOfCreator(creatorId), whole.value)) : whole;
  }

  async ofAll({ caller, range }: ActionParams<'analytics.ofAll'>): Promise<Outcome<Analytics>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const whole = this.#range(range, null);
    return whole.ok ? success(await this.#read(ALL, whole.value)) : whole;
  }

  async #read(subject: string, { step, from, to }: WholeRange): Promise<Analytics> {
    const { analytics } = this.#options;
    const [sums, [all]] = await Promise.all([
      analytics.sums(subject, step, from, to),
      analytics.sums(subject, 'all', 0, 1),
    ]);
    return {
      step,
      from,
      to,
      total: figuresOf(all?.values ?? {}),
      inRange: figuresOf(addedUp(sums.map(({ values }) => values))),
      points: sums.map(({ start, values }) => ({ at: start, ...figuresOf(values) })),
    };
  }

  /** Whole steps. */
  #range(asked: AnalyticsRange, openedAt: number | null): Outcome<WholeRange> {
    const { step = 'minute' } = asked;
    const stepMs = STEP_MS[step];
    if (Number.isNaN(asked.from)) return refusal('invalid-request', 'from: is not a time.');
    if (Number.isNaN(asked.to)) return refusal('invalid-request', 'to: is not a time.');
    const isFine = step === 'second' && asked.from === undefined && openedAt !== null;
    // With the step that has begun.
    const present = (Math.floor(this.#options.now() / stepMs) + 1) * stepMs;
    const until = isFine ? openedAt + FINE_SECONDS * stepMs : present;
    const to = Math.ceil((asked.to ?? until) / stepMs) * stepMs;
    const since = isFine ? openedAt : to - STEPS_DEFAULT * stepMs;
    const from = Math.floor((asked.from ?? since) / stepMs) * stepMs;
    if (from >= to) return refusal('invalid-request', 'from: must be before to.');
    if ((to - from) / stepMs > ANALYTICS_POINTS_MAX) {
      const detail = `from: at most ${ANALYTICS_POINTS_MAX} steps before to.`;
      return refusal('invalid-request', detail);
    }
    return success({ step, from, to });
  }
}
