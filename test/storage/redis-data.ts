// The catalogue, accounts and follows on a Redis under test, as the contract suites want them.

import { Cluster } from 'ioredis';
import { pino } from 'pino';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import type { RequestBounds } from '../../storage/ports/requests.ts';
import type { Stores } from '../../storage/ports/stores.ts';
import { RedisAccountLinks } from '../../storage/redis/catalogue/account-links-redis.ts';
import { RedisAccountStore } from '../../storage/redis/catalogue/accounts-redis.ts';
import { CatalogueCopy } from '../../storage/redis/catalogue/catalogue-copy.ts';
import { RedisCatalogue } from '../../storage/redis/catalogue/catalogue-redis.ts';
import {
  entityParts,
  type EntityParts,
  openEntityParts,
} from '../../storage/redis/catalogue/entity-parts.ts';
import { DropRecordsUpgrade } from '../../storage/redis/catalogue/drop-records-upgrade.ts';
import { RedisDrafts } from '../../storage/redis/catalogue/drafts-redis.ts';
import { RedisMediaStore } from '../../storage/redis/catalogue/media-redis.ts';
import { RedisOrderDetails } from '../../storage/redis/catalogue/order-details-redis.ts';
import { RedisOrganisations } from '../../storage/redis/catalogue/organisations-redis.ts';
import { RedisFollowStore } from '../../storage/redis/catalogue/follows-redis.ts';
import { RedisRestrictionStore } from '../../storage/redis/catalogue/restrictions-redis.ts';
import { RedisSessionStore } from '../../storage/redis/catalogue/sessions-redis.ts';
import { LIFTED_MAX } from './contract/restrictions.ts';
import { ENDED_MAX } from './contract/sessions.ts';
import { OmConnection } from '../../storage/redis/catalogue/om-connection.ts';
import {
  connectRedis,
  type RedisAddress,
  type RedisConnection,
} from '../../storage/redis/connection/connection.ts';

export interface RedisDataOptions {
  /** 0: as long as a node of commit 9994b20 lives. */
  readonly level?: number;
  readonly changesRetainedMax?: number;
  readonly requestBounds?: Partial<RequestBounds>;
}

/** So few that the suites see creators whose followers are spread, and others. */
export const SPREAD_AT = 4;

export async function connectRedisData(
  address: RedisAddress,
  { level = FEATURE_LEVEL, ...kept }: RedisDataOptions = {},
) {
  const log = pino({ level: 'silent' });
  const options = { address, name: 'test', log };
  const [redis, om] = await Promise.all([connectRedis(options), OmConnection.connect(options)]);
  // A first command to a node that is not connected yet is sent around, and so comes late.
  if (redis instanceof Cluster) await Promise.all(redis.nodes('master').map((node) => node.ping()));
  const parts = await openEntityParts({ redis, om, ...kept });
  const copy = new CatalogueCopy({ ...parts, levels: new ReachedLevel(level), log });
  await copy.advance();
  const { changes, requests } = parts;
  const stores = { ...storesOf(parts, level), changes, requests };
  const { catalogue } = stores;
  const levels = new ReachedLevel(level);
  await new DropRecordsUpgrade({ ...parts, catalogue, levels, log }).advance();
  return {
    redis,
    om,
    parts,
    ...stores,
    /** For the suites, which use no other of the stores. */
    stores: stores as unknown as Stores & { readonly changes: typeof parts.changes },
    async close(): Promise<void> {
      redis.disconnect();
      await om.close();
    },
  };
}

export type RedisData = Awaited<ReturnType<typeof connectRedisData>>;

export function storesOf(parts: EntityParts, level = FEATURE_LEVEL) {
  return {
    // The suites' refresh tokens end a second after the Unix epoch.
    accounts: new RedisAccountStore({ ...parts, now: () => 0 }),
    accountLinks: new RedisAccountLinks(parts),
    sessions: new RedisSessionStore({ ...parts, now: () => 0, endedMax: ENDED_MAX }),
    catalogue: new RedisCatalogue(parts),
    drafts: new RedisDrafts(parts),
    organisations: new RedisOrganisations(parts),
    orderDetails: new RedisOrderDetails(parts),
    media: new RedisMediaStore({ ...parts, levels: new ReachedLevel(level) }),
    restrictions: new RedisRestrictionStore({ ...parts, liftedMax: LIFTED_MAX }),
    follows: new RedisFollowStore({ ...parts, spreadAt: SPREAD_AT }),
  };
}

/** The parts of another process, with the same knowledge, on a connection such as one that dies. */
export function partsOn(parts: EntityParts, redis: RedisConnection): EntityParts {
  return entityParts({ redis, om: parts.om, phase: parts.layout.phase });
}
