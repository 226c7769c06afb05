// What is known of pictures and films on Redis: each one JSON under its id, beside the ids and the
// bytes of its owner, in the owner's bucket. So that a picture is found by its id alone, an id is
// made that belongs to the owner's bucket.

import type { Media } from '../../../contracts/media.ts';
import { decodeMedia, encodeMedia } from '../../formats/media.ts';
import { type MediaQuota, type MediaStore, quotaBytes } from '../../ports/media.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import { CHANGE_BUCKETS, changeBucketOf, mediaExpiryKey, mediaKeys } from './catalogue-keys.ts';

/** That none of so many random ids fits happens once in 10 to the 27th. */
const IDS_MAX = 2_000;
/** Uploads of a bucket that are looked at for their ends at once. */
const EXPIRED_READ_MAX = 1_000;

/** KEYS: media, ids, bytes. ARGV: id, media, bytes, most media, most bytes. */
const ADD = new Script(`
if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[4]) then return 'too-many' end
local bytes = tonumber(redis.call('GET', KEYS[3]) or '0') + tonumber(ARGV[3])
if bytes > tonumber(ARGV[5]) then return 'too-large' end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('INCRBY', KEYS[3], ARGV[3])
return 'added'`);

/**
 * KEYS as above. ARGV: id, media or nothing, by how much the bytes change, the revision that is
 * there.
 */
const REPLACE = new Script(`
local stored = redis.call('GET', KEYS[1])
if not stored or cjson.decode(stored).revision ~= tonumber(ARGV[4]) then return 0 end
redis.call('INCRBY', KEYS[3], ARGV[3])
if ARGV[2] ~= '' then
  redis.call('SET', KEYS[1], ARGV[2])
  return 1
end
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[1])
return 1`);

export class RedisMediaStore implements MediaStore {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  async add(
    make: () => Media,
    { countMax, bytesMax }: MediaQuota,
  ): Promise<Media | 'too-many' | 'too-large'> {
    const media = fitting(make);
    await this.#noteExpiry(media);
    const args = [media.id, encodeMedia(media), quotaBytes(media), countMax, bytesMax];
    const added = await ADD.run(this.#redis, mediaKeys(media), args);
    return added === 'added' ? media : (added as 'too-many' | 'too-large');
  }

  async find(mediaId: string): Promise<Media | null> {
    const [key] = mediaKeys({ id: mediaId, ownerId: '' });
    const media = await answerOf(this.#redis.get(key));
    return media === null ? null : decodeMedia(media);
  }

  async replace(before: Media, after: Media | null): Promise<boolean> {
    const content = after === null ? '' : encodeMedia(after);
    const bytes = (after === null ? 0 : quotaBytes(after)) - quotaBytes(before);
    const args = [before.id, content, bytes, before.revision];
    const isDone = (await REPLACE.run(this.#redis, mediaKeys(before), args)) === 1;
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
}

function fitting(make: () => Media): Media {
  for (let i = 0; i < IDS_MAX; i++) {
    const media = make();
    if (changeBucketOf(media.id) === changeBucketOf(media.ownerId)) return media;
  }
  throw new Error('no id fits its owner');
}
