// The contracts of API keys, contacts, recipients, media, webhooks, restrictions, operators'
// accounts and the ledger on a real Redis Cluster of three: every script keeps to one slot.

import test from 'ava';
import pino from 'pino';
import { RedisApiKeyStore } from '../../storage/redis/catalogue/api-keys-redis.ts';
import { RedisContactStore } from '../../storage/redis/catalogue/contacts-redis.ts';
import { RedisLedgerStore } from '../../storage/redis/catalogue/ledger-redis.ts';
import { RedisVapidKeys } from '../../storage/redis/catalogue/vapid-keys-redis.ts';
import { RedisOperatorAccounts } from '../../storage/redis/catalogue/operator-accounts-redis.ts';
import { RedisRecipientStore } from '../../storage/redis/catalogue/recipients-redis.ts';
import { RedisWebhooks } from '../../storage/redis/catalogue/webhooks-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { apiKeysContract } from './contract/api-keys.ts';
import { contactsContract } from './contract/contacts.ts';
import { ledgerContract } from './contract/ledger.ts';
import { mediaContract } from './contract/media.ts';
import { vapidKeysContract } from './contract/vapid-keys.ts';
import { operatorAccountsContract } from './contract/operator-accounts.ts';
import { recipientsContract } from './contract/recipients.ts';
import { restrictionsContract } from './contract/restrictions.ts';
import { webhooksContract } from './contract/webhooks.ts';
import { connectRedisData, type RedisData } from './redis-data.ts';

if (redisInstalled) {
  let server: RedisClusterServers;
  let redis: RedisConnection;
  let data: RedisData;
  test.before(async () => {
    server = await RedisClusterServers.start();
    const log = pino({ level: 'silent' });
    redis = await connectRedis({ address: server.address, name: 'test', log });
    data = await connectRedisData(server.address);
  });
  test.after.always(async () => {
    redis.disconnect();
    await data?.close();
    await server?.stop();
  });
  apiKeysContract(() => new RedisApiKeyStore({ redis }));
  contactsContract(() => new RedisContactStore({ redis }));
  recipientsContract(() => new RedisRecipientStore({ redis }));
  webhooksContract(() => new RedisWebhooks({ redis }));
  mediaContract(() => data.media);
  restrictionsContract(() => data);
  operatorAccountsContract(() => new RedisOperatorAccounts({ redis }));
  vapidKeysContract(() => new RedisVapidKeys({ redis }));
  ledgerContract(() => new RedisLedgerStore({ redis }));
} else {
  test.skip('API keys, contacts and operators on a Redis Cluster: no redis-server on this machine', () =>
    undefined);
}
