// What is known of pictures and films on Redis: each one JSON under its id, beside the ids and the
// bytes of its owner, in the owner's bucket. So that a picture is found by its id alone, an id is
// made that belongs to the owner's bucket.

import type { Media } from '../../../contracts/media.ts';
import { decodeMedia, encodeMedia } from '../../formats/media.ts';
import type { FeatureLevels } from '../../ports/feature-level.ts';
import { mediaChange, type MediaQuota, type MediaStore, quotaBytes } from '../../ports/media.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import {
  CHANGE_BUCKETS,
  changeBucketOf,
  changesKey,
  entitiesKey,
  mediaExpiryKey,
  mediaKeys,
  memberOf,
} from './catalogue-keys.ts';
import { APPEND_CHANGE } from './change-append.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';
import type { EntityParts } from './entity-parts.ts';

/** That none of so many random ids fits happens once in 10 to the 27th. */
const IDS_MAX = 2_000;
/** Uploads of a bucket that are looked at for their ends at once. */
const EXPIRED_READ_MAX = 1_000;
/** From this feature level on all nodes pass over records of media that they do not need. */
const RECORDS_LEVEL = 6;

/** Without a record nothing of a medium is in the change stream. */
const RECORD = `${APPEND_CHANGE}
local function record(is_there)
  if ARGV[2] == '' then return end
  append_change(KEYS[4], ARGV[1], ARGV[2])
  if is_there then redis.call('ZADD', KEYS[5], 0, ARGV[3])
  else redis.call('ZREM', KEYS[5], ARGV[3]) end
end`;

/**
 * KEYS: media, ids, bytes, changes, entities. ARGV: most records, record or nothing, member, id,
 * media, bytes, most media, most bytes.
 */
const ADD = new Script(`${RECORD}
if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[7]) then return 'too-many' end
local bytes = tonumber(redis.call('GET', KEYS[3]) or '0') + tonumber(ARGV[6])
if bytes > tonumber(ARGV[8]) then return 'too-large' end
record(true)
redis.call('SET', KEYS[1], ARGV[5])
redis.call('SADD', KEYS[2], ARGV[4])
redis.call('INCRBY', KEYS[3], ARGV[6])
return 'added'`);

/**
 * KEYS as above. ARGV: most records, record or nothing, member, id, media or nothing, by how much
 * the bytes change, the revision that is there.
 */
const REPLACE = new Script(`${RECORD}
local stored = redis.call('GET', KEYS[1])
if not stored or cjson.decode(stored).revision ~= tonumber(ARGV[7]) then return 0 end
record(ARGV[5] ~= '')
redis.call('INCRBY', KEYS[3], ARGV[6])
if ARGV[5] ~= '' then
  redis.call('SET', KEYS[1], ARGV[5])
  return 1
end
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[4])
return 1`);

export interface RedisMediaStoreOptions extends Pick<EntityParts, 'redis' | 'changes'> {
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export class RedisMediaStore implements MediaStore {
  readonly #redis: RedisConnection;
  readonly #changes: RedisChangeStream;
  readonly #levels: Pick<FeatureLevels, 'reached'>;

  constructor({ redis, changes, levels }: RedisMediaStoreOptions) {
    this.#redis = redis;
    this.#changes = changes;
    this.#levels = levels;
  }

  async add(
    make: () => Media,
    { countMax, bytesMax }: MediaQuota,
  ): Promise<Media | 'too-many' | 'too-large'> {
    const media = fitting(make);
    await this.#noteExpiry(media);
    const args = [encodeMedia(media), quotaBytes(media), countMax, bytesMax];
    const added = await this.#run(ADD, media, media, args);
    return added === 'added' ? media : (added as 'too-many' | 'too-large');
  }

  async find(mediaId: string): Promise<Media | null> {
    const media = await answerOf(this.#redis.get(keyOf(mediaId)));
    return media === null ? null : decodeMedia(media);
  }

  /** One command for each, all in one write: those of several owners are in several slots. */
  async findAll(mediaIds: readonly string[]): Promise<Map<string, Media>> {
    const found = await Promise.all(mediaIds.map((id) => this.find(id)));
    return new Map(found.flatMap((media) => (media === null ? [] : [[media.id, media]])));
  }

  async ofOwner(ownerId: string, limit: number): Promise<Media[]> {
    const key = mediaOfOwnerKey(ownerId);
    const ids = await answerOf(this.#redis.srandmember(key, limit));
    return [...(await this.findAll(ids)).values()];
  }

  async replace(before: Media, after: Media | null): Promise<boolean> {
    const content = after === null ? '' : encodeMedia(after);
    const bytes = (after === null ? 0 : quotaBytes(after)) - quotaBytes(before);
    const args = [content, bytes, before.revision];
    const isDone = (await this.#run(REPLACE, before, after, args)) === 1;
    if (isDone && before.expiresAt !== null && (after?.expiresAt ?? null) === null)
      await this.#forgetExpiry(before.id);
    return isDone;
  }

  async expired(before: number, limit: number, ownerId?: string): Promise<readonly Media[]> {
    const buckets =
      ownerId === undefined
        ? Array.from({ length: CHANGE_BUCKETS }, (_, bucket) => bucket)
        : [changeBucketOf(ownerId)];
    const found: Media[] = [];
    for (const bucket of buckets) {
      const left = limit - found.length;
      if (left > 0) found.push(...(await this.#expiredIn(bucket, before, left, ownerId)));
    }
    return found;
  }

  /** What has no such end any more is taken out of the set. */
  async #expiredIn(
    bucket: number,
    before: number,
    limit: number,
    ownerId: string | undefined,
  ): Promise<Media[]> {
    const key = mediaExpiryKey(bucket);
    const ids = await answerOf(
      this.#redis.zrangebyscore(key, '-inf', before, 'LIMIT', 0, EXPIRED_READ_MAX),
    );
    const read = await Promise.all(ids.map(async (id) => ({ id, media: await this.find(id) })));
    const found: Media[] = [];
    for (const { id, media } of read) {
      if (media === null || media.expiresAt === null) await this.#forgetExpiry(id);
      else if (media.expiresAt <= before && (ownerId ?? media.ownerId) === media.ownerId)
        found.push(media);
      if (found.length === limit) break;
    }
    return found;
  }

  /** Before the upload is there: so none is without, whatever ends in between. */
  async #noteExpiry({ id, expiresAt }: Media): Promise<void> {
    if (expiresAt === null) return;
    await answerOf(this.#redis.zadd(mediaExpiryKey(changeBucketOf(id)), expiresAt, id));
  }

  async #forgetExpiry(id: string): Promise<void> {
    await answerOf(this.#redis.zrem(mediaExpiryKey(changeBucketOf(id)), id));
  }

  #run(
    script: Script,
    before: Media,
    after: Media | null,
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const { id } = before;
    const bucket = changeBucketOf(id);
    const isRecorded = this.#levels.reached() >= RECORDS_LEVEL;
    const record = isRecorded ? JSON.stringify(mediaChange(before, after)) : '';
    const keys = [...mediaKeys(before), changesKey(bucket), entitiesKey(bucket)];
    return this.#changes.append(script, keys, [record, memberOf('media', id), id, ...args]);
  }
}

function keyOf(mediaId: string): string {
  return mediaKeys({ id: mediaId, ownerId: '' })[0];
}

/** All media of an owner are in the owner's bucket. */
function mediaOfOwnerKey(ownerId: string): string {
  return mediaKeys({ id: ownerId, ownerId })[1];
}

function fitting(make: () => Media): Media {
  for (let i = 0; i < IDS_MAX; i++) {
    const media = make();
    if (changeBucketOf(media.id) === changeBucketOf(media.ownerId)) return media;
  }
  throw new Error('no id fits its owner');
}
