// What the stores of users, products and follows on Redis share.

import type { RedisConnection } from '../connection/connection.ts';
import { CatalogueLayout, type LayoutPhase } from './catalogue-layout.ts';
import { RedisChangeStream } from './change-stream-redis.ts';
import { EntityMoves } from './entity-moves.ts';
import { REVISION_MEMORY_MS } from './follows-redis-steps.ts';
import type { OmConnection } from './om-connection.ts';

export interface EntityParts {
  readonly redis: RedisConnection;
  /** Where redis-om's entities travel. */
  readonly om: OmConnection;
  readonly layout: CatalogueLayout;
  readonly moves: EntityMoves;
  readonly changes: RedisChangeStream;
}

export interface EntityPartsOptions {
  readonly redis: RedisConnection;
  readonly om: OmConnection;
  /** What is known of the layout already. */
  readonly phase?: LayoutPhase;
  /** Records that the change stream keeps in all buckets together. */
  readonly changesRetainedMax?: number;
}

/** With the present layout. Errors: `store-unavailable`. */
export async function openEntityParts(options: EntityPartsOptions): Promise<EntityParts> {
  const parts = entityParts(options);
  await parts.layout.refresh();
  return parts;
}

export function entityParts(options: EntityPartsOptions): EntityParts {
  const { redis, om, phase, changesRetainedMax } = options;
  const retainedMax = changesRetainedMax === undefined ? {} : { retainedMax: changesRetainedMax };
  return {
    redis,
    om,
    layout: new CatalogueLayout({ redis, ...(phase === undefined ? {} : { phase }) }),
    moves: new EntityMoves({ redis, revisionMemoryMs: REVISION_MEMORY_MS }),
    changes: new RedisChangeStream({ redis, om, ...retainedMax }),
  };
}
