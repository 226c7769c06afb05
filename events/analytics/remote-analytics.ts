// The exact part of analytics for a thread without a store of its own: the process's main thread
// has it.

import type { AnalyticsStore, ExactAnalytics } from '../../storage/ports/analytics.ts';
import type { PortQuestions } from '../port-questions.ts';

type AccountStore = Pick<AnalyticsStore, 'generation' | 'exact' | 'trim'>;

export type AnalyticsQuestion =
  | { readonly ask: 'generation' }
  | { readonly ask: 'trim'; readonly now: number; readonly limit: number }
  | {
      readonly ask: keyof ExactAnalytics;
      readonly generation: number;
      readonly parameters: readonly unknown[];
    };

/** One question at a time: an account waits for each answer. */
export class RemoteAnalytics implements AccountStore {
  readonly #questions: PortQuestions<AnalyticsQuestion, unknown>;

  constructor(questions: PortQuestions<AnalyticsQuestion, unknown>) {
    this.#questions = questions;
  }

  async generation(): Promise<number> {
    return (await this.#questions.ask({ ask: 'generation' })) as number;
  }

  exact(generation: number): ExactAnalytics {
    const ask =
      <N extends keyof ExactAnalytics>(name: N) =>
      (...parameters: Parameters<ExactAnalytics[N]>) =>
        this.#questions.ask({ ask: name, generation, parameters }) as ReturnType<ExactAnalytics[N]>;
    return {
      positions: ask('positions'),
      commit: ask('commit'),
      drops: ask('drops'),
      dropsOf: ask('dropsOf'),
      segments: ask('segments'),
    };
  }

  async trim(now: number, limit: number): Promise<number> {
    return (await this.#questions.ask({ ask: 'trim', now, limit })) as number;
  }
}

/** Answers a question of a `RemoteAnalytics` at the other end of the port. */
export async function answerAnalytics(
  store: AccountStore,
  question: AnalyticsQuestion,
): Promise<unknown> {
  if (question.ask === 'generation') return await store.generation();
  if ('limit' in question) return await store.trim(question.now, question.limit);
  const exact = store.exact(question.generation);
  const call = exact[question.ask] as (...parameters: readonly unknown[]) => Promise<unknown>;
  return await call(...question.parameters);
}
