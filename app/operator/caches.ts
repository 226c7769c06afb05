// What operators do with the caches of gateways (C5): see them, and evict from all of them.

import type { ActionParams } from '../../contracts/actions.ts';
import type { CacheEviction, EvictedCaches, NodeCaches } from '../../contracts/caches.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { isOperator, maySeeOperations } from '../caller.ts';
import { ActionRecord, type ActionRecordOptions } from './action-record.ts';

/** In the order of the ids of nodes. One that does not answer in time has null. */
export interface GatewayCaches {
  list(): Promise<readonly NodeCaches[]>;
  /** Harmless to repeat. */
  evict(eviction: CacheEviction): Promise<readonly EvictedCaches[]>;
}

export interface OperatorCachesOptions extends ActionRecordOptions {
  readonly gatewayCaches: GatewayCaches;
}

export class OperatorCaches {
  readonly #caches: GatewayCaches;
  readonly #record: ActionRecord;

  constructor(options: OperatorCachesOptions) {
    this.#caches = options.gatewayCaches;
    this.#record = new ActionRecord(options);
  }

  async list({
    caller,
  }: ActionParams<'operator.listCaches'>): Promise<Outcome<readonly NodeCaches[]>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    return success(await this.#caches.list());
  }

  async evict({
    caller,
    eviction,
  }: ActionParams<'operator.evictCaches'>): Promise<Outcome<readonly EvictedCaches[]>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const request = { operatorId: caller.userId, action: 'evict-caches', params: { ...eviction } };
    await this.#record.record(request, 'To be read anew, through every gateway that answers.');
    const evicted = await this.#caches.evict(eviction);
    const silent = evicted.flatMap(({ node, evicted: count }) => (count === null ? node : []));
    if (silent.length > 0)
      await this.#record.record(request, `No answer from ${silent.join(', ')}: evict again.`);
    return success(evicted);
  }
}
