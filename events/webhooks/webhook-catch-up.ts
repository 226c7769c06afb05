// Brings a webhook the entries that it was passed over for, from the journals, at the pace at which
// its deliveries leave room. A webhook with no room gets no reading, and one that leaves none for a
// while gives its reading up to another.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { FactBatch } from '../../actors/shard/facts.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { SnapshotReader } from '../../storage/ports/snapshots.ts';
import type { OpenSpill } from '../../storage/ports/spill.ts';
import {
  isEventType,
  type LackingShard,
  type NewMessage,
  roomKeyOf,
  WAITING_MAX,
  waitingOfKeyMax,
  type WebhookStore,
} from '../../storage/ports/webhooks.ts';
import { WEBHOOK_BUCKETS } from '../../domain/webhook-ids.ts';
import type { EventConsumer } from '../consumer.ts';
import { Lane } from '../lane.ts';
import { WEBHOOK_CONSUMER } from './webhook-consumer.ts';
import type { Subscription, WebhookMessages } from './webhook-messages.ts';

/** Readings at once. */
const READINGS_MAX = 2;
/**
 * A reading of shards begins when no more than this many wait, so that it has something to do. Keys
 * whose calls fail hold less than that. A reading of a key begins when half of what it may have is
 * free.
 */
const WAITING_AT_START_MAX = (WAITING_MAX * 3) / 4;
const LOOK_INTERVAL_MS = 1_000;
const ROOM_INTERVAL_MS = 250;
const ROOM_WAIT_MAX_MS = 30_000;

export interface WebhookCatchUpOptions {
  readonly store: Pick<
    WebhookStore,
    'catchUp' | 'catchUpKey' | 'find' | 'lackingIn' | 'lackingKeysOf' | 'lackingOf' | 'waitingCount'
  >;
  readonly messages: WebhookMessages;
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader;
  readonly openSpill: OpenSpill;
  /** Whether this process feeds webhooks now. */
  readonly isHere: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export class WebhookCatchUp {
  readonly #options: WebhookCatchUpOptions;
  readonly #readings = new Map<string, Promise<void>>();
  readonly #ending = new AbortController();
  #timer: Timer | null = null;
  #looking: Promise<void> = Promise.resolve();
  /** Whether a webhook may lack entries. */
  #mayLack = true;

  constructor(options: WebhookCatchUpOptions) {
    this.#options = options;
  }

  start(): void {
    this.#looking = this.#look();
  }

  /** A webhook was passed over. */
  noteBehind(): void {
    this.#mayLack = true;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#timer?.cancel();
    await this.#looking;
    await Promise.all(this.#readings.values());
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      if (this.#mayLack && this.#options.isHere()) this.#mayLack = await this.#startReadings();
    } catch (error) {
      this.#mayLack = true;
      log.warn({ err: error }, 'webhooks that lack entries could not be read');
    }
    if (!this.#ending.signal.aborted)
      this.#timer = clock.after(LOOK_INTERVAL_MS, () => this.start());
  }

  /** False: no webhook lacks entries. */
  async #startReadings(): Promise<boolean> {
    const { store } = this.#options;
    this.#mayLack = false;
    let anyLacks = false;
    for (let bucket = 0; bucket < WEBHOOK_BUCKETS; bucket++) {
      for (const id of await store.lackingIn(bucket)) {
        anyLacks = true;
        const all = await store.waitingCount(id);
        if (all > WAITING_AT_START_MAX) continue;
        const lacking = await store.lackingOf(id);
        if (lacking.length > 0 && !this.#start(id, lacking, null)) return true;
        const keys = Map.groupBy(await store.lackingKeysOf(id), ({ key }) => key);
        for (const [key, shards] of keys)
          if (shards[0]!.waiting <= waitingOfKeyMax(all) / 2 && !this.#start(id, shards, key))
            return true;
      }
    }
    return anyLacks || this.#mayLack;
  }

  /** False: there are as many readings as there may be. */
  #start(id: string, lacking: readonly LackingShard[], key: string | null): boolean {
    const name = key === null ? id : `${id} ${key}`;
    if (this.#readings.has(name)) return true;
    if (this.#ending.signal.aborted || this.#readings.size >= READINGS_MAX) return false;
    const reading = this.#read(id, lacking, key).finally(() => this.#readings.delete(name));
    this.#readings.set(name, reading);
    return true;
  }

  /** Never rejects. */
  async #read(
    webhookId: string,
    lacking: readonly LackingShard[],
    key: string | null,
  ): Promise<void> {
    const { store, clock, log } = this.#options;
    try {
      const webhook = await store.find(webhookId);
      if (webhook === null) return;
      const reading = new CatchUpReading({ ...this.#options, webhook, lacking, key, clock, log });
      await reading.run(this.#ending.signal);
    } catch (error) {
      log.warn({ err: error, webhookId }, 'a webhook could not catch up');
    }
  }
}

interface ReadingOptions extends WebhookCatchUpOptions {
  readonly webhook: Subscription;
  readonly lacking: readonly LackingShard[];
  /** Only what the entries have for this room key; null: all that is not of one that is held. */
  readonly key: string | null;
}

/** One webhook's reading of the entries that it lacks. */
class CatchUpReading implements EventConsumer {
  readonly name = WEBHOOK_CONSUMER;
  readonly placement = 'off-loop';
  readonly #options: ReadingOptions;
  readonly #lacking: ReadonlyMap<number, LackingShard>;
  readonly #over = new AbortController();

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#lacking = new Map(options.lacking.map((one) => [one.shard, one]));
  }

  /** Ends when nothing is lacking, when there is no room for a while, or by the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const lane = new Lane({ ...this.#options, consumer: this, fedByOwner: false });
    const end = () => this.#over.abort();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    const ended = new Promise<void>((resolve) =>
      this.#over.signal.addEventListener('abort', () => resolve()),
    );
    for (const { shard, to } of this.#lacking.values()) lane.grown(shard, to);
    await Promise.race([lane.caughtUp(), ended]);
    signal.removeEventListener('abort', end);
    end();
    await lane.stop();
  }

  async position(shard: number): Promise<number> {
    return this.#lacking.get(shard)?.from ?? 0;
  }

  async consume(batches: readonly FactBatch[]): Promise<void> {
    for (const batch of batches) {
      if (this.#over.signal.aborted) return;
      await this.#bring(batch);
    }
  }

  /** Rejects only where the store is away. Without room for long, the whole reading is over. */
  async #bring(batch: FactBatch): Promise<void> {
    const { store, webhook, key, clock } = this.#options;
    const { shard, sequence } = batch;
    const made = this.#messagesOf(batch);
    const isLast = sequence >= (this.#lacking.get(shard)?.to ?? 0);
    if (made.length === 0 && !isLast) return;
    const entry = { webhookId: webhook.id, shard, sequence, messages: made };
    const began = clock.monotonic();
    while (!this.#over.signal.aborted) {
      const result = await (key === null ? store.catchUp(entry) : store.catchUpKey(entry, key));
      if (result === 'closed') return this.#over.abort();
      if (result !== 'full') return;
      if (clock.monotonic() - began > ROOM_WAIT_MAX_MS) return this.#over.abort();
      await this.#pause();
    }
  }

  #messagesOf(batch: FactBatch): NewMessage[] {
    const { messages, webhook, key } = this.#options;
    if (key === null) return messages.of(batch, webhook);
    // Its order may have been changed meanwhile.
    const ordering = isEventType(key) ? 'none' : 'drop';
    const made = messages.of(batch, { ...webhook, ordering });
    return made.filter(({ delivery }) => roomKeyOf(delivery) === key);
  }

  async #pause(): Promise<void> {
    const { signal } = this.#over;
    await new Promise<void>((resolve) => {
      const end = () => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#options.clock.after(ROOM_INTERVAL_MS, end);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}
