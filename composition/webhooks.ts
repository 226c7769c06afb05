// The webhooks of a node with the role `services`: what feeds them from the journals, in a thread
// of its own, and the jobs that call them.

import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../actors/clock.ts';
import type { Tracing } from '../actors/tracing/tracing.ts';
import type { OperatorWebhooksOptions } from '../app/operator/webhooks.ts';
import type { AccountMail } from '../app/mail/account-mail.ts';
import { DeliverWebhooksHandler, WEBHOOK_CALLS_MAX } from '../app/webhooks/deliver-webhooks.ts';
import type { WebhookDeliveriesOptions } from '../app/webhooks/webhook-deliveries.ts';
import { WebhookMeter } from '../app/webhooks/webhook-meter.ts';
import { WebhookNotice } from '../app/webhooks/webhook-notice.ts';
import type { WebhooksOptions } from '../app/webhooks/webhooks.ts';
import type { JobHandler } from '../events/jobs/job-handler.ts';
import type { JobQueue } from '../events/jobs/job-queue.ts';
import type { ConsumerLag } from '../events/lane.ts';
import { serveWebhooks } from '../events/webhooks/remote-webhooks.ts';
import { WEBHOOK_CONSUMER } from '../events/webhooks/webhook-consumer.ts';
import { WebhookJobs } from '../events/webhooks/webhook-jobs.ts';
import type { Stores } from '../storage/ports/stores.ts';
import type { Config } from './config.ts';
import { consumerLagOf, lagOfConsumer, OffLoopThread } from './off-loop-thread.ts';
import { createOutbound } from './outbound.ts';

export interface NodeWebhooks {
  readonly handler: JobHandler;
  readonly meter: WebhookMeter;
  readonly useCases: WebhooksOptions &
    WebhookDeliveriesOptions &
    Pick<OperatorWebhooksOptions, 'webhookJobs'>;
  lag(): readonly ConsumerLag[];
  start(): void;
  /** Feeds them no more; what was fed is still sent. */
  stopThread(): Promise<void>;
  /** The runner of jobs must have stopped. */
  stop(): Promise<void>;
}

/** The `workerData` of the thread, besides its port. */
export interface WebhookThreadData {
  readonly config: Config;
  readonly shardCount: number;
}

export function createWebhooks(options: {
  readonly config: Config;
  readonly shardCount: number;
  readonly stores: Stores;
  readonly queue: JobQueue;
  readonly mail: AccountMail;
  /** Null, or absent: calls have no spans. */
  readonly tracing?: Tracing | null;
  readonly clock: Clock;
  readonly log: Logger;
}): NodeWebhooks {
  const { config, shardCount, stores, queue, mail, clock, log, tracing = null } = options;
  const { webhooks, journal, consumerPositions: positions } = stores;
  const now = () => clock.now();
  const webhookJobs = new WebhookJobs({ webhooks, queue, clock, log });
  // Calls of one webhook must not wait for those of another at the same host.
  const outbound = createOutbound(config, { connectionsPerOrigin: WEBHOOK_CALLS_MAX });
  const meter = new WebhookMeter({ webhooks, now, monotonic: () => clock.monotonic() });
  const notice = new WebhookNotice({ ...stores, mail });
  const thread = new OffLoopThread<readonly ConsumerLag[]>({
    name: WEBHOOK_CONSUMER,
    program: new URL('webhook-program.ts', import.meta.url),
    data: { config, shardCount } satisfies WebhookThreadData,
    serve: (port) =>
      serveWebhooks(port, {
        store: webhooks,
        positions,
        onFed: (webhookId) => webhookJobs.wake(webhookId),
      }),
    lag: lagOfConsumer(WEBHOOK_CONSUMER),
    clock,
    log,
  });
  return {
    handler: new DeliverWebhooksHandler({
      webhooks,
      outbound,
      notify: (webhook) => notice.send(webhook),
      meter,
      tracing,
      clock,
      log,
    }),
    meter,
    useCases: {
      webhooks,
      webhookJobs,
      journal,
      shardCount,
      checkUrl: (url) => outbound.connector.check(url),
      now,
      random: (count) => randomBytes(count),
    },
    lag: () => consumerLagOf(thread),
    start: () => thread.start(),
    stopThread: () => thread.stop(),
    async stop() {
      await Promise.all([thread.stop(), webhookJobs.stop()]);
      await outbound.close();
    },
  };
}
