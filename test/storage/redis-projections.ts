// The read models, webhook log and consumer positions on a Redis under test.

import type { RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisConsumerPositions } from '../../storage/redis/catalogue/consumer-positions-redis.ts';
import { RedisFeedStore } from '../../storage/redis/rows/feed-redis.ts';
import { RedisOrderListStore } from '../../storage/redis/rows/order-list-redis.ts';
import { RedisReadModels } from '../../storage/redis/rows/read-models-redis.ts';
import { RedisWebhookLog } from '../../storage/redis/catalogue/webhook-log-redis.ts';
import { consumerPositionsContract } from './contract/consumer-positions.ts';
import { feedContract } from './contract/feed.ts';
import { orderListContract } from './contract/order-list.ts';
import { readModelsContract } from './contract/read-models.ts';
import { webhookLogContract } from './contract/webhook-log.ts';

export type RedisProjections = ReturnType<typeof redisProjections>;

/** As one process has them. */
export function redisProjections(redis: RedisConnection) {
  return {
    feed: new RedisFeedStore({ redis }),
    orderList: new RedisOrderListStore({ redis }),
    readModels: new RedisReadModels({ redis }),
    webhookLog: new RedisWebhookLog({ redis }),
    consumerPositions: new RedisConsumerPositions({ redis }),
  };
}

export function redisProjectionsContracts(stores: () => RedisProjections): void {
  feedContract(stores);
  orderListContract(stores);
  readModelsContract(stores);
  webhookLogContract(stores);
  consumerPositionsContract(stores);
}
