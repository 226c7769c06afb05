// The details of orders on Redis. In a buyer's bucket are the buyer's key and a set of the orders
// that have details; the details of an order are in a slot of their own. The set is written first,
// so an erasure finds every order, after a crash as well.

import type { BuyerKey, OrderDetailsStore, SealedDetails } from '../../ports/order-details.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import { buyerKeyKey, detailedOrdersKey } from './catalogue-keys.ts';

/** Orders of which an erasure removes the details at the same time. */
const ERASED_AT_ONCE = 100;

/** KEYS: key. ARGV: id, JSON. Answers the stored one. */
const ADD_KEY = new Script(`
local stored = redis.call('GET', KEYS[1])
if stored then return stored end
redis.call('SET', KEYS[1], ARGV[2])
return ARGV[2]`);

const REWRAP_KEY = new Script(`
local stored = redis.call('GET', KEYS[1])
if not stored or cjson.decode(stored).id ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`);

/** KEYS: key, orders. ARGV: the key's id, order. */
const ADD_ORDER = new Script(`
local stored = redis.call('GET', KEYS[1])
if not stored or cjson.decode(stored).id ~= ARGV[1] then return 0 end
redis.call('SADD', KEYS[2], ARGV[2])
return 1`);

export class RedisOrderDetails implements OrderDetailsStore {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  async findKey(userId: string): Promise<BuyerKey | null> {
    const stored = await answerOf(this.#redis.get(buyerKeyKey(userId)));
    return stored === null ? null : decodeKey(stored);
  }

  async addKey(userId: string, key: BuyerKey): Promise<BuyerKey> {
    const args = [key.id, encodeKey(key)];
    return decodeKey((await ADD_KEY.run(this.#redis, [buyerKeyKey(userId)], args)) as string);
  }

  async rewrapKey(userId: string, key: BuyerKey): Promise<void> {
    await REWRAP_KEY.run(this.#redis, [buyerKeyKey(userId)], [key.id, encodeKey(key)]);
  }

  /** Details that an erasure overtakes are encrypted with the erased key, so nobody reads them. */
  async put({ orderId, userId, keyId, bytes }: SealedDetails): Promise<boolean> {
    const keys = [buyerKeyKey(userId), detailedOrdersKey(userId)];
    if ((await ADD_ORDER.run(this.#redis, keys, [keyId, orderId])) === 0) return false;
    const row = { userId, keyId, bytes: Buffer.from(bytes).toString('base64') };
    await answerOf(this.#redis.set(detailsKey(orderId), JSON.stringify(row)));
    return true;
  }

  find(orderIds: readonly string[]): Promise<(SealedDetails | null)[]> {
    return Promise.all(
      orderIds.map(async (orderId) => {
        const stored = await answerOf(this.#redis.get(detailsKey(orderId)));
        if (stored === null) return null;
        const row = JSON.parse(stored) as { userId: string; keyId: string; bytes: string };
        return { orderId, ...row, bytes: bytesOf(row.bytes) };
      }),
    );
  }

  async remove({ orderId, userId }: Pick<SealedDetails, 'orderId' | 'userId'>): Promise<void> {
    await answerOf(this.#redis.unlink(detailsKey(orderId)));
    await answerOf(this.#redis.srem(detailedOrdersKey(userId), orderId));
  }

  async erase(userId: string): Promise<void> {
    await answerOf(this.#redis.unlink(buyerKeyKey(userId)));
    const orders = detailedOrdersKey(userId);
    for (;;) {
      const some = await answerOf(this.#redis.srandmember(orders, ERASED_AT_ONCE));
      if (some.length === 0) return;
      await Promise.all(some.map((orderId) => answerOf(this.#redis.unlink(detailsKey(orderId)))));
      await answerOf(this.#redis.srem(orders, ...some));
    }
  }
}

function detailsKey(orderId: string): string {
  return `details:{${orderId}}`;
}

function encodeKey({ id, secretId, wrapped }: BuyerKey): string {
  return JSON.stringify({ id, secretId, wrapped: Buffer.from(wrapped).toString('base64') });
}

function decodeKey(text: string): BuyerKey {
  const { id, secretId, wrapped } = JSON.parse(text) as Record<keyof BuyerKey, string>;
  return { id, secretId, wrapped: bytesOf(wrapped) };
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
