// The change stream and leases for a thread that runs a consumer of it, on connections of its own,
// and what such a thread reads besides.

import type { Logger } from 'pino';
import type { AccountStore } from '../../ports/accounts.ts';
import type { Catalogue } from '../../ports/catalogue.ts';
import type { ChangeStream } from '../../ports/change-stream.ts';
import type { ConsumerLeases } from '../../ports/consumer-leases.ts';
import type { FollowStore } from '../../ports/follows.ts';
import type { RecipientStore } from '../../ports/recipients.ts';
import { connectRedis, type RedisAddress } from '../connection/connection.ts';
import { RedisAccountStore } from './accounts-redis.ts';
import { RedisCatalogue } from './catalogue-redis.ts';
import { RedisConsumerLeases } from './consumer-leases-redis.ts';
import { openEntityParts } from './entity-parts.ts';
import { RedisFollowStore } from './follows-redis.ts';
import { RedisRecipientStore } from './recipients-redis.ts';
import { OmConnection } from './om-connection.ts';

export interface RedisChangeReader {
  readonly changes: ChangeStream;
  readonly accounts: Pick<AccountStore, 'findRemovedUser'>;
  readonly catalogue: Pick<Catalogue, 'listDrops'>;
  readonly follows: Pick<FollowStore, 'counts'>;
  readonly recipients: Pick<RecipientStore, 'any' | 'findAll'>;
  readonly leases: ConsumerLeases;
  close(): Promise<void>;
}

/** Errors: `store-unavailable`. */
export async function openRedisChangeReader(options: {
  readonly address: RedisAddress;
  /** Shown by the server beside each connection. */
  readonly name: string;
  readonly log: Logger;
}): Promise<RedisChangeReader> {
  const redis = await connectRedis(options);
  let om: OmConnection | null = null;
  const close = async (): Promise<void> => {
    redis.disconnect();
    await om?.close();
  };
  try {
    om = await OmConnection.connect({ ...options, name: `${options.name}-entities` });
    const parts = await openEntityParts({ redis, om });
    return {
      changes: parts.changes,
      accounts: new RedisAccountStore({ ...parts, now: () => Date.now() }),
      catalogue: new RedisCatalogue(parts),
      follows: new RedisFollowStore(parts),
      recipients: new RedisRecipientStore({ redis }),
      leases: new RedisConsumerLeases({ redis }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
