// The thread that keeps the account of the journals for analytics.

import type { MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import { systemClock } from '../actors/clock.ts';
import { ANALYTICS_CONSUMER } from '../events/analytics/account-keeper.ts';
import { type AnalyticsQuestion, answerAnalytics } from '../events/analytics/remote-analytics.ts';
import { answerQuestions } from '../events/port-questions.ts';
import type { Stores } from '../storage/ports/stores.ts';
import type { Config } from './config.ts';
import { lagOfConsumer, OffLoopThread } from './off-loop-thread.ts';

/** The thread's `workerData`. */
export interface AnalyticsThreadData {
  readonly config: Config;
  readonly shardCount: number;
  /** For `RemoteAnalytics`. */
  readonly port: MessagePort;
}

export function createAnalyticsThread(options: {
  readonly config: Config;
  readonly shardCount: number;
  readonly stores: Pick<Stores, 'analytics'>;
  readonly log: Logger;
}): OffLoopThread {
  const { config, shardCount, stores, log } = options;
  const data: Omit<AnalyticsThreadData, 'port'> = { config, shardCount };
  return new OffLoopThread({
    name: ANALYTICS_CONSUMER,
    program: new URL('analytics-program.ts', import.meta.url),
    data,
    serve: (port) =>
      answerQuestions(port, (question: AnalyticsQuestion) =>
        answerAnalytics(stores.analytics, question),
      ),
    lag: lagOfConsumer(ANALYTICS_CONSUMER),
    clock: systemClock,
    log,
  });
}
