// Details of orders in memory, for tests.

import type { BuyerKey, OrderDetailsStore, SealedDetails } from '../ports/order-details.ts';

export class MemoryOrderDetails implements OrderDetailsStore {
  readonly #keys = new Map<string, BuyerKey>();
  readonly #rows = new Map<string, SealedDetails>();

  async findKey(userId: string): Promise<BuyerKey | null> {
    return this.#keys.get(userId) ?? null;
  }

  async addKey(userId: string, key: BuyerKey): Promise<BuyerKey> {
    const present = this.#keys.get(userId);
    if (present === undefined) this.#keys.set(userId, key);
    return present ?? key;
  }

  async rewrapKey(userId: string, key: BuyerKey): Promise<void> {
    if (this.#keys.get(userId)?.id === key.id) this.#keys.set(userId, key);
  }

  async put(details: SealedDetails): Promise<boolean> {
    if (this.#keys.get(details.userId)?.id !== details.keyId) return false;
    this.#rows.set(details.orderId, details);
    return true;
  }

  async find(orderIds: readonly string[]): Promise<(SealedDetails | null)[]> {
    return orderIds.map((orderId) => this.#rows.get(orderId) ?? null);
  }

  async remove({ orderId }: Pick<SealedDetails, 'orderId'>): Promise<void> {
    this.#rows.delete(orderId);
  }

  async erase(userId: string): Promise<void> {
    this.#keys.delete(userId);
    for (const [orderId, row] of this.#rows) if (row.userId === userId) this.#rows.delete(orderId);
  }
}
