// Sums of analytics on SQLite, in a file of their own.

import type {
  AnalyticsStore,
  CountedFlush,
  ExactAnalytics,
  Step,
  Sums,
} from '../../ports/analytics.ts';
import type { Submits } from '../thread/thread.ts';
import type { AnalyticsHandlers } from './analytics-program.ts';

export class SqliteAnalytics implements AnalyticsStore {
  readonly #writer: Submits<AnalyticsHandlers>;

  constructor({ writer }: { readonly writer: Submits<AnalyticsHandlers> }) {
    this.#writer = writer;
  }

  generation(): Promise<number> {
    return this.#writer.submit('generation');
  }

  exact(generation: number): ExactAnalytics {
    const writer = this.#writer;
    return {
      positions: async () => new Map(await writer.submit('positions', generation)),
      commit: (change) => writer.submit('commit', generation, change),
      drops: (ids) => writer.submit('drops', generation, ids),
      dropsOf: (creatorId) => writer.submit('dropsOf', generation, creatorId),
      segments: (dropId, first, limit) =>
        writer.submit('segments', generation, dropId, first, limit),
    };
  }

  begin(): Promise<number> {
    return this.#writer.submit('begin');
  }

  async serve(generation: number): Promise<void> {
    await this.#writer.submit('serve', generation);
  }

  async discard(generation: number): Promise<void> {
    await this.#writer.submit('discard', generation);
  }

  count(flush: CountedFlush): Promise<boolean> {
    return this.#writer.submit('count', flush);
  }

  async sums(subject: string, step: Step, from: number, to: number): Promise<Sums[]> {
    const rows = await this.#writer.submit('sums', subject, step, from, to);
    return rows.map(([start, values]) => ({
      start,
      values: JSON.parse(values) as Record<string, number>,
    }));
  }

  watching(dropId: string, now: number): Promise<number> {
    return this.#writer.submit('watching', dropId, now);
  }

  trim(now: number, limit: number): Promise<number> {
    return this.#writer.submit('trim', now, limit);
  }
}
