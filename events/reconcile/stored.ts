// What stores compare by themselves: follows with their counts and lists, read marks with feeds.

import type { FeedStore } from '../../storage/ports/feed.ts';
import type { FollowStore } from '../../storage/ports/follows.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { ReadModels } from '../../storage/ports/read-models.ts';
import type { Reconciled } from '../../storage/ports/reconciled.ts';
import type { Reconciler, ReconcileRun } from './reconciler.ts';

/** Compared in one step, so that a crash repeats little. */
const STEP_LIMIT = 256;

export class FollowsReconciler implements Reconciler {
  readonly kind = 'follows';
  readonly #follows: FollowStore;

  constructor(options: { readonly follows: FollowStore }) {
    this.#follows = options.follows;
  }

  step({ cursor, pause }: ReconcileRun): Promise<Reconciled> {
    return this.#follows.reconcile({ cursor, pause, limit: STEP_LIMIT });
  }
}

export interface UnreadReconcilerOptions {
  readonly feed: FeedStore;
  readonly journal: Pick<Journal, 'head'>;
  readonly readModels: Pick<ReadModels, 'position'>;
  readonly shardCount: number;
}

export class UnreadReconciler implements Reconciler {
  readonly kind = 'unread';
  readonly #options: UnreadReconcilerOptions;

  constructor(options: UnreadReconcilerOptions) {
    this.#options = options;
  }

  /**
   * A feed that waits for rows that a power failure took has marks beyond its end, and they are
   * right again a moment later.
   */
  async step({ cursor, pause }: ReconcileRun): Promise<Reconciled | null> {
    if (await this.#isBehind()) return null;
    return await this.#options.feed.reconcile({ cursor, pause, limit: STEP_LIMIT });
  }

  async #isBehind(): Promise<boolean> {
    const { journal, readModels, shardCount } = this.#options;
    for (let shard = 0; shard < shardCount; shard++) {
      const { lastSequence } = await journal.head(shard);
      if (lastSequence > 0 && (await readModels.position(shard)) < lastSequence) return true;
    }
    return false;
  }
}
