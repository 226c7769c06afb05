// The details of orders on SQLite, in the catalogue's file.

import type { BuyerKey, OrderDetailsStore, SealedDetails } from '../../ports/order-details.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import { type BuyerKeyRow, buyerKeyOf } from './order-details-statements.ts';

interface DetailsRow {
  readonly order_id: string;
  readonly user_id: string;
  readonly key_id: string;
  readonly bytes: Uint8Array;
}

export class SqliteOrderDetails implements OrderDetailsStore {
  readonly #writer;
  readonly #key;
  readonly #details;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#key = reader.prepare<[string], BuyerKeyRow>(
      'select id, secret_id, wrapped from buyer_keys where user_id = ?',
    );
    this.#details = reader.prepare<[string], DetailsRow>(
      'select * from order_details where order_id = ?',
    );
  }

  async findKey(userId: string): Promise<BuyerKey | null> {
    const row = readQuery(() => this.#key.get(userId));
    return row === undefined ? null : buyerKeyOf(row);
  }

  addKey(userId: string, key: BuyerKey): Promise<BuyerKey> {
    return this.#writer.submit('addBuyerKey', userId, key);
  }

  rewrapKey(userId: string, key: BuyerKey): Promise<void> {
    return this.#writer.submit('rewrapBuyerKey', userId, key);
  }

  put(details: SealedDetails): Promise<boolean> {
    return this.#writer.submit('putOrderDetails', details);
  }

  async find(orderIds: readonly string[]): Promise<(SealedDetails | null)[]> {
    return readQuery(() => orderIds.map((orderId) => this.#details.get(orderId))).map((row) => {
      if (row === undefined) return null;
      const { order_id: orderId, user_id: userId, key_id: keyId, bytes } = row;
      return { orderId, userId, keyId, bytes: new Uint8Array(bytes) };
    });
  }

  remove({ orderId }: Pick<SealedDetails, 'orderId'>): Promise<void> {
    return this.#writer.submit('removeOrderDetails', orderId);
  }

  erase(userId: string): Promise<void> {
    return this.#writer.submit('eraseOrderDetails', userId);
  }
}
