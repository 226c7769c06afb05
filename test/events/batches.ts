// Batches of facts for tests.

import { type Fact, type FactBatch, reviveFact } from '../../actors/shard/facts.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { dropView, NOW, orderView } from '../services/harness.ts';

type FactParts = [event: DropEvent, order?: Partial<OrderView> | null, drop?: Partial<DropView>];

/** Facts of one entry; the order is null where it is left out. */
export function batch(sequence: number, facts: readonly FactParts[], shard = 0): FactBatch {
  const made = facts.map(([event, order, drop], index): Fact => {
    const view = order === undefined || order === null ? null : orderView(order);
    const terms = dropView(drop);
    const { held, sold, version } = terms;
    return reviveFact({ index, event, order: view, terms, held, sold, version });
  });
  return { shard, sequence, time: NOW + sequence, facts: made };
}

export const placed: DropEvent = {
  type: 'order-placed',
  userId: 'u_buyer',
  key: 'k',
  quantity: 1,
};
