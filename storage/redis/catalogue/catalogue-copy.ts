// Copies users, products and follows from the keys of level 0 into their buckets, while all nodes
// serve (docs/decisions/030-change-stream-on-redis.md). Every node polls the phase of the layout.
// Once every living node reads level 1, one node leads the copy. It scans all old keys in batches
// and moves each entity that no change has moved yet. It stores its cursors in Redis, so another
// node can continue after a crash. When a whole scan finds no entity to move, the buckets are
// finished. A while later the old keys are removed.

import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import {
  CHANGE_BUCKETS,
  entityKey,
  oldFollowingKeys,
  oldFollowingMovedKey,
  oldProductEntityId,
  oldUserKey,
} from './catalogue-keys.ts';
import { type CatalogueLayout, type CopyLead, CopyLeaseLostError } from './catalogue-layout.ts';
import { type EntityMoves, MOVED_FIELD } from './entity-moves.ts';
import { type OldEntity, placementOf, scanOldEntities, serversOf } from './old-keys.ts';
import { UpgradeSteps } from './upgrade-steps.ts';

/** The level that every living node must read before entities are written in buckets. */
export const BUCKETS_LEVEL = 1;

const LEASE_MS = 15_000;
/** Entities that are moved at the same time. */
const MOVES_AT_ONCE = 16;
/** Longer than any operation of a node that does not know of the copy yet. */
const OLD_KEYS_RETENTION_MS = 600_000;
/** The cursor of a finished scan of a server. */
const SCANNED = 'end';

/** KEYS: old entity. */
const REMOVE_HASH = new Script(`
if redis.call('HEXISTS', KEYS[1], '${MOVED_FIELD}') == 0 then return 0 end
return redis.call('UNLINK', KEYS[1])`);

/** KEYS: mark, following, pending, revision. */
const REMOVE_FOLLOWS = new Script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
return redis.call('UNLINK', unpack(KEYS))`);

export interface CatalogueCopyOptions {
  readonly redis: RedisConnection;
  readonly layout: CatalogueLayout;
  readonly moves: EntityMoves;
  /** The feature level of the store: every living node reads it. */
  readonly levels: { reached(): number; onChange(listener: () => void): () => void };
  readonly log: Logger;
  /** How long the old keys stay after the end of the copy. */
  readonly oldKeysRetentionMs?: number;
  /** After this time another node may take over from a leader that does not answer. */
  readonly leaseMs?: number;
}

export class CatalogueCopy {
  readonly #options: CatalogueCopyOptions;
  /** The name of this process as a leader. */
  readonly #name = randomUUID();
  readonly #limit = pLimit(MOVES_AT_ONCE);
  readonly #steps: UpgradeSteps;

  constructor(options: CatalogueCopyOptions) {
    this.#options = options;
    this.#steps = new UpgradeSteps({
      ...options,
      name: 'the copy of the catalogue',
      advance: () => this.advance(),
      isDone: () => options.layout.phase === 'cleared',
      isExpected: (error) => error instanceof CopyLeaseLostError,
    });
  }

  start(): void {
    this.#steps.start();
  }

  /** Resolves when no step is in progress. Idempotent. */
  async stop(): Promise<void> {
    await this.#steps.stop();
  }

  /**
   * Does the next steps of the copy, if this node may. Errors: `store-unavailable`, `lease-lost`;
   * another call continues.
   */
  async advance(): Promise<void> {
    const { layout, levels } = this.#options;
    await layout.refresh();
    if (layout.phase === 'cleared' || levels.reached() < BUCKETS_LEVEL) return;
    if (layout.phase === 'copied' && !(await this.#mayClear())) return;
    const lead = await layout.lead(this.#name, this.#options.leaseMs ?? LEASE_MS);
    if (lead === null) return;
    // The last leader may have advanced the phase since the last refresh.
    await layout.refresh();
    if (layout.phase === 'old') {
      await lead.advance('old', 'copying');
      await layout.refresh();
    }
    if (layout.phase === 'copying') await this.#copy(lead);
    if (layout.phase === 'copied' && (await this.#mayClear())) await this.#clear(lead);
  }

  async #mayClear(): Promise<boolean> {
    const { layout, oldKeysRetentionMs = OLD_KEYS_RETENTION_MS } = this.#options;
    return (await layout.phaseAgeMs()) >= oldKeysRetentionMs;
  }

  async #copy(lead: CopyLead): Promise<void> {
    const { layout, log, moves } = this.#options;
    let total = 0;
    for (;;) {
      const { moved, isWhole } = await this.#scan(lead, (entity) => this.#move(entity));
      total += moved;
      if (this.#steps.isStopping) return;
      if (isWhole && moved === 0) break;
    }
    for (let bucket = 0; bucket < CHANGE_BUCKETS; bucket++) await moves.finishBucket(bucket);
    await lead.advance('copying', 'copied');
    await layout.refresh();
    log.info({ moved: total }, 'users, products and follows are in buckets with their changes');
  }

  async #clear(lead: CopyLead): Promise<void> {
    const { layout, log } = this.#options;
    const { isWhole } = await this.#scan(lead, (entity) => this.#remove(entity));
    // If servers changed meanwhile, the next tick scans again.
    if (!isWhole) return;
    await lead.advance('copied', 'cleared');
    await layout.refresh();
    log.info('the keys of users, products and follows of level 0 are removed');
  }

  /** `isWhole`: this scan alone has read every key that existed before it began. */
  async #scan(
    lead: CopyLead,
    work: (entity: OldEntity) => Promise<boolean>,
  ): Promise<{ moved: number; isWhole: boolean }> {
    const { redis } = this.#options;
    const before = await placementOf(redis);
    const servers = await serversOf(redis);
    let isWhole = true;
    let moved = 0;
    for (const server of servers) {
      let cursor = await lead.cursorOf(server.runId);
      if (cursor !== null) isWhole = false;
      while (cursor !== SCANNED) {
        if (this.#steps.isStopping) return { moved, isWhole: false };
        const { next, entities } = await scanOldEntities(server.redis, cursor ?? '0');
        const outcomes = await Promise.all(
          distinct(entities).map((entity) => this.#limit(() => work(entity))),
        );
        moved += outcomes.filter(Boolean).length;
        cursor = next === '0' ? SCANNED : next;
        await lead.saveCursor(server.runId, cursor);
      }
    }
    await lead.dropCursors(servers.map(({ runId }) => runId));
    return { moved, isWhole: isWhole && before === (await placementOf(redis)) };
  }

  /** True if there was an entity to move. */
  #move({ kind, id }: OldEntity): Promise<boolean> {
    const { moves } = this.#options;
    if (kind === 'user') return moves.user(id);
    return kind === 'product' ? moves.product(id) : moves.follows(id);
  }

  /**
   * Removes moved entities only. No other acknowledged key of level 0 is still needed.
   */
  async #remove({ kind, id }: OldEntity): Promise<boolean> {
    const { redis } = this.#options;
    if (kind === 'follows') {
      const { following, pending, revision } = oldFollowingKeys(id);
      const keys = [oldFollowingMovedKey(id), following, pending, revision];
      return (await REMOVE_FOLLOWS.run(redis, keys, [])) !== 0;
    }
    const key = kind === 'user' ? oldUserKey(id) : entityKey(oldProductEntityId(id));
    return (await REMOVE_HASH.run(redis, [key], [])) !== 0;
  }
}

function distinct(entities: readonly OldEntity[]): OldEntity[] {
  return [...new Map(entities.map((entity) => [`${entity.kind} ${entity.id}`, entity])).values()];
}
