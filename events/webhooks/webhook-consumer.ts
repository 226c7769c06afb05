// Feeds all enabled webhooks from the journals, each entry once. A webhook in which too many
// deliveries wait is passed over: it catches up by a reading of its own (webhook-catch-up.ts), so
// that it holds up no other.

import type { FactBatch } from '../../actors/shard/facts.ts';
import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import type { FedEntry, WebhookStore } from '../../storage/ports/webhooks.ts';
import type { EventConsumer } from '../consumer.ts';
import type { WebhookDirectory } from './webhook-directory.ts';
import type { WebhookMessages } from './webhook-messages.ts';

export const WEBHOOK_CONSUMER = 'webhooks';

export interface WebhookConsumerOptions {
  readonly store: Pick<WebhookStore, 'feed' | 'fedThrough'>;
  readonly directory: WebhookDirectory;
  readonly messages: WebhookMessages;
  readonly positions: ConsumerPositions;
  /** A webhook was passed over. */
  readonly onBehind: () => void;
}

export class WebhookConsumer implements EventConsumer {
  readonly name = WEBHOOK_CONSUMER;
  readonly placement = 'off-loop';
  readonly #options: WebhookConsumerOptions;
  #fedThrough: Promise<readonly number[]> | null = null;

  constructor(options: WebhookConsumerOptions) {
    this.#options = options;
  }

  /**
   * While no webhook was enabled, nothing was consumed. What is older than all webhooks that are
   * enabled now is not read.
   */
  async position(shard: number): Promise<number> {
    const { store, positions } = this.#options;
    this.#fedThrough ??= store.fedThrough();
    try {
      const fedThrough = await this.#fedThrough;
      return Math.max(await positions.load(this.name, shard), fedThrough[shard] ?? 0);
    } catch (error) {
      this.#fedThrough = null;
      throw error;
    }
  }

  async consume(batches: readonly FactBatch[]): Promise<void> {
    const { store, positions, onBehind } = this.#options;
    const entries = await this.#entriesOf(batches);
    const results = entries.length === 0 ? [] : await store.feed(entries);
    if (results.includes('behind') || results.includes('held')) onBehind();
    const sequences = new Map(batches.map(({ shard, sequence }) => [shard, sequence]));
    const reached = Array.from(sequences, ([shard, sequence]) => ({ shard, sequence }));
    await positions.save(this.name, reached);
  }

  async #entriesOf(batches: readonly FactBatch[]): Promise<FedEntry[]> {
    const { directory, messages } = this.#options;
    // Read after the batches were: an event that comes after a webhook finds it.
    const byCreator = await directory.read();
    const entries: FedEntry[] = [];
    for (const batch of batches) {
      const creators = new Set(batch.facts.map(({ terms }) => terms.creatorId));
      for (const creatorId of creators)
        for (const webhook of byCreator.get(creatorId) ?? []) {
          const made = messages.of(batch, webhook);
          const { shard, sequence } = batch;
          if (made.length > 0)
            entries.push({ webhookId: webhook.id, shard, sequence, messages: made });
        }
    }
    return entries;
  }
}
