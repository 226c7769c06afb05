// The part of the writer of catalogue.db that keeps the details of orders. The file is written with
// `secure_delete`, so an erased key is overwritten in it.

import type { Database } from 'better-sqlite3';
import type { BuyerKey, SealedDetails } from '../../ports/order-details.ts';

export const ORDER_DETAILS_SCHEMA = `
  create table buyer_keys (
    user_id text primary key,
    id text not null,
    secret_id text not null,
    wrapped blob not null
  ) strict, without rowid;
  create table order_details (
    order_id text primary key,
    user_id text not null,
    key_id text not null,
    bytes blob not null
  ) strict, without rowid;
  create index order_details_by_user on order_details (user_id);
`;

export interface BuyerKeyRow {
  readonly id: string;
  readonly secret_id: string;
  readonly wrapped: Uint8Array;
}

export function buyerKeyOf({ id, secret_id: secretId, wrapped }: BuyerKeyRow): BuyerKey {
  return { id, secretId, wrapped: new Uint8Array(wrapped) };
}

export function orderDetailsHandlers(database: Database) {
  const addKey = database.prepare(
    'insert or ignore into buyer_keys (user_id, id, secret_id, wrapped) values (?, ?, ?, ?)',
  );
  const findKey = database.prepare<[string], BuyerKeyRow>(
    'select id, secret_id, wrapped from buyer_keys where user_id = ?',
  );
  const rewrapKey = database.prepare(
    'update buyer_keys set secret_id = ?, wrapped = ? where user_id = ? and id = ?',
  );
  const put = database.prepare(`
    insert into order_details (order_id, user_id, key_id, bytes)
    select ?, user_id, id, ? from buyer_keys where user_id = ? and id = ?
    on conflict do update set user_id = excluded.user_id, key_id = excluded.key_id,
      bytes = excluded.bytes`);
  const remove = database.prepare('delete from order_details where order_id = ?');
  const eraseKey = database.prepare('delete from buyer_keys where user_id = ?');
  const eraseRows = database.prepare('delete from order_details where user_id = ?');

  return {
    addBuyerKey(userId: string, { id, secretId, wrapped }: BuyerKey): BuyerKey {
      addKey.run(userId, id, secretId, Buffer.from(wrapped));
      return buyerKeyOf(findKey.get(userId)!);
    },
    rewrapBuyerKey(userId: string, { id, secretId, wrapped }: BuyerKey): void {
      rewrapKey.run(secretId, Buffer.from(wrapped), userId, id);
    },
    putOrderDetails({ orderId, userId, keyId, bytes }: SealedDetails): boolean {
      return put.run(orderId, Buffer.from(bytes), userId, keyId).changes > 0;
    },
    removeOrderDetails(orderId: string): void {
      remove.run(orderId);
    },
    eraseOrderDetails(userId: string): void {
      eraseKey.run(userId);
      eraseRows.run(userId);
    },
  };
}
