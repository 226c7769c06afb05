// Follows the journals for webhooks while there are any that are enabled. Otherwise nothing is
// read: a consumer that replays all events costs a core while much is sold.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { SnapshotReader } from '../../storage/ports/snapshots.ts';
import type { OpenSpill } from '../../storage/ports/spill.ts';
import type { ConsumerLag } from '../lane.ts';
import type { ConsumerLease } from '../off-loop/consumer-lease.ts';
import { OffLoopRunner } from '../off-loop/off-loop-runner.ts';
import type { RemoteWebhooks } from './remote-webhooks.ts';
import { WebhookCatchUp } from './webhook-catch-up.ts';
import { WebhookConsumer } from './webhook-consumer.ts';
import { WebhookDirectory } from './webhook-directory.ts';
import { WebhookMessages } from './webhook-messages.ts';

const LOOK_INTERVAL_MS = 500;

export interface WebhookFeederOptions extends RemoteWebhooks {
  readonly paymentProvider: string;
  readonly shardCount: number;
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader;
  readonly openSpill: OpenSpill;
  /** Null: this process alone feeds webhooks. */
  readonly lease: ConsumerLease | null;
  readonly pollMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Following {
  readonly runner: OffLoopRunner;
  readonly catchUp: WebhookCatchUp;
}

export class WebhookFeeder {
  readonly #options: WebhookFeederOptions;
  readonly #directory: WebhookDirectory;
  readonly #messages: WebhookMessages;
  #following: Following | null = null;
  #timer: Timer | null = null;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: WebhookFeederOptions) {
    this.#options = options;
    this.#directory = new WebhookDirectory(options.store);
    this.#messages = new WebhookMessages(options);
  }

  start(): void {
    this.#looking = this.#look();
  }

  lag(): ConsumerLag[] {
    return this.#following?.runner.lag() ?? [];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking;
    await this.#end();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const anyEnabled = (await this.#directory.read()).size > 0;
      if (anyEnabled && !this.#stopped) this.#following ??= this.#begin();
      else await this.#end();
    } catch (error) {
      log.warn({ err: error }, 'webhooks could not be read');
    }
    if (!this.#stopped) this.#timer = clock.after(LOOK_INTERVAL_MS, () => this.start());
  }

  #begin(): Following {
    const options = this.#options;
    const parts = { ...options, directory: this.#directory, messages: this.#messages };
    const catchUp = new WebhookCatchUp({ ...parts, isHere: () => this.lag().length > 0 });
    const consumer = new WebhookConsumer({ ...parts, onBehind: () => catchUp.noteBehind() });
    const runner = new OffLoopRunner({ ...options, consumer });
    runner.start();
    catchUp.start();
    return { runner, catchUp };
  }

  async #end(): Promise<void> {
    const following = this.#following;
    this.#following = null;
    if (following === null) return;
    await Promise.all([following.runner.stop(), following.catchUp.stop()]);
  }
}
