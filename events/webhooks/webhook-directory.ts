// Which webhooks are enabled, by creator, as of a moment: each bucket is read again only where a
// webhook of it has changed.

import type { Webhook } from '../../contracts/webhooks.ts';
import type { WebhookStore } from '../../storage/ports/webhooks.ts';

export class WebhookDirectory {
  readonly #store: Pick<WebhookStore, 'revisions' | 'inBucket'>;
  #revisions: readonly number[] = [];
  readonly #buckets: (readonly Webhook[])[] = [];
  #byCreator: ReadonlyMap<string, readonly Webhook[]> = new Map();

  constructor(store: Pick<WebhookStore, 'revisions' | 'inBucket'>) {
    this.#store = store;
  }

  /**
   * By creator, with every webhook that was enabled before the call. Errors: `store-unavailable`.
   */
  async read(): Promise<ReadonlyMap<string, readonly Webhook[]>> {
    const revisions = await this.#store.revisions();
    const changed = revisions.flatMap((revision, bucket) =>
      revision === (this.#revisions[bucket] ?? 0) ? [] : [bucket],
    );
    if (changed.length === 0) return this.#byCreator;
    await Promise.all(
      changed.map(async (bucket) => {
        const webhooks = await this.#store.inBucket(bucket);
        this.#buckets[bucket] = webhooks.filter(({ enabled }) => enabled);
      }),
    );
    this.#revisions = revisions;
    this.#byCreator = Map.groupBy(this.#buckets.flat(), ({ creatorId }) => creatorId);
    return this.#byCreator;
  }
}
