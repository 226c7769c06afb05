// The jobs that call webhooks: one for each webhook that is enabled, for as long as it is. A job
// without anything to send rests; it is woken when deliveries come to wait, at most some times a
// second, however many come.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { Webhook } from '../../contracts/webhooks.ts';
import { success } from '../../domain/refusal.ts';
import type { WebhookStore } from '../../storage/ports/webhooks.ts';
import type { JobQueue } from '../jobs/job-queue.ts';

export const WEBHOOK_JOB_KIND = 'deliver-webhooks';
/** Each webhook has one. */
const BOUNDS = { ofKindMax: 20_000, ofCallerMax: 2 };
const WAKE_INTERVAL_MS = 250;

/** The params of a job. */
export interface WebhookJobParams {
  readonly webhookId: string;
  /** Of the webhook. When it is enabled again, another job calls it. */
  readonly generation: number;
}

export interface WebhookJobsOptions {
  readonly queue: JobQueue;
  readonly webhooks: Pick<WebhookStore, 'find'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class WebhookJobs {
  readonly #options: WebhookJobsOptions;
  /** Ids of webhooks whose jobs are to be woken: as many as there are webhooks at most. */
  readonly #asleep = new Set<string>();
  #timer: Timer | null = null;
  #waking: Promise<void> | null = null;
  #stopped = false;

  constructor(options: WebhookJobsOptions) {
    this.#options = options;
  }

  /**
   * Makes the webhook's job, once. Refuses `overloaded` where there are too many.
   * Errors: `store-unavailable`.
   */
  async begin({ id, generation }: Webhook): Promise<Outcome<null>> {
    const params: WebhookJobParams = { webhookId: id, generation };
    const added = await this.#options.queue.add(
      {
        id: jobId(params),
        kind: WEBHOOK_JOB_KIND,
        // Nobody's id, so that it is in no user's list of jobs.
        callerId: `webhooks/${id}`,
        subject: id,
        params,
        total: null,
      },
      BOUNDS,
    );
    return added.ok ? success(null) : added;
  }

  /** Deliveries of the webhook wait. */
  wake(webhookId: string): void {
    if (this.#stopped) return;
    this.#asleep.add(webhookId);
    if (this.#waking === null && this.#timer === null) this.#wakeNow();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#waking;
  }

  #wakeNow(): void {
    this.#waking = this.#wakeAll().finally(() => {
      this.#waking = null;
      if (this.#stopped) return;
      this.#timer = this.#options.clock.after(WAKE_INTERVAL_MS, () => {
        this.#timer = null;
        if (this.#asleep.size > 0) this.#wakeNow();
      });
    });
  }

  /** Never rejects. */
  async #wakeAll(): Promise<void> {
    const asleep = [...this.#asleep];
    this.#asleep.clear();
    for (const webhookId of asleep) {
      try {
        const isAwake = await this.#wakeOne(webhookId);
        if (!isAwake) this.#asleep.add(webhookId);
      } catch (error) {
        this.#asleep.add(webhookId);
        this.#options.log.warn({ err: error, webhookId }, 'the job of a webhook was not woken');
      }
    }
  }

  /** False: its job was doing a step, which may have looked before the deliveries came. */
  async #wakeOne(webhookId: string): Promise<boolean> {
    const { webhooks, queue } = this.#options;
    const webhook = await webhooks.find(webhookId);
    if (webhook === null || !webhook.enabled) return true;
    const { generation } = webhook;
    const found = await queue.hurry(jobId({ webhookId, generation }));
    if (found === 'none') await this.begin(webhook);
    return found !== 'running';
  }
}

function jobId({ webhookId, generation }: WebhookJobParams): string {
  return `webhook_${webhookId}_${generation}`;
}
