// The common parts of the stores of users, products and follows on Redis.

import type { RedisConnection } from '../connection/connection.ts';
import { CatalogueLayout, type LayoutPhase } from './catalogue-layout.ts';
import { RedisChangeStream } from './change-stream-redis.ts';
import { EntityMoves } from './entity-moves.ts';
import { REVISION_MEMORY_MS } from './follows-redis-scripts.ts';
import type { RequestBounds } from '../../ports/requests.ts';
import type { OmConnection } from './om-connection.ts';
import { RedisRequests } from './requests-redis.ts';

export interface EntityParts {
  readonly redis: RedisConnection;
  /** The connection for redis-om's entities. */
  readonly om: OmConnection;
  readonly layout: CatalogueLayout;
  readonly moves: EntityMoves;
  readonly changes: RedisChangeStream;
  readonly requests: RedisRequests;
}

export interface EntityPartsOptions {
  readonly redis: RedisConnection;
  readonly om: OmConnection;
  /** The phase of the layout, if it is known already. */
  readonly phase?: LayoutPhase;
  /** Most records of the change stream in all buckets together. */
  readonly changesRetainedMax?: number;
  /** Of kept answers to requests. */
  readonly requestBounds?: Partial<RequestBounds>;
}

/** Reads the present layout. Errors: `store-unavailable`. */
export async function openEntityParts(options: EntityPartsOptions): Promise<EntityParts> {
  const parts = entityParts(options);
  await parts.layout.refresh();
  return parts;
}

export function entityParts(options: EntityPartsOptions): EntityParts {
  const { redis, om, phase, changesRetainedMax, requestBounds: bounds } = options;
  const retainedMax = changesRetainedMax === undefined ? {} : { retainedMax: changesRetainedMax };
  return {
    redis,
    om,
    layout: new CatalogueLayout({ redis, ...(phase === undefined ? {} : { phase }) }),
    moves: new EntityMoves({ redis, revisionMemoryMs: REVISION_MEMORY_MS }),
    changes: new RedisChangeStream({ redis, om, ...retainedMax }),
    requests: new RedisRequests({ redis, bounds }),
  };
}
