// Contacts of shops' own users on Redis. A shop may have millions, so each space is spread over
// buckets by the user's id: a hash of the contacts as JSON, and a sorted set of their ids by the
// time of the first one. Both share a hash tag, and each change is one script.

import type { Contact } from '../../../contracts/contacts.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import { fnv1a } from '../../../domain/ids.ts';
import { decodeContact, encodeContact } from '../../formats/contact.ts';
import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import { type ContactStore, spaceOf } from '../../ports/contacts.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { readNewestFirst } from '../connection/newest-first.ts';
import { Script } from '../connection/script.ts';

/** Part of the stored format. */
const BUCKETS = 16;

/** ARGV: the user's id, the contact as JSON, and the time. Answers the time of the first one. */
const PUT = new Script(`
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[2], 'NX', ARGV[3], ARGV[1])
  return redis.call('ZSCORE', KEYS[2], ARGV[1])
`);

const REMOVE = new Script(`
  redis.call('ZREM', KEYS[2], ARGV[1])
  return redis.call('HDEL', KEYS[1], ARGV[1])
`);

export class RedisContactStore implements ContactStore {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  async put(contact: Contact): Promise<Contact> {
    const { userId, createdAt } = contact;
    const args = [userId, encodeContact(contact), createdAt];
    return { ...contact, createdAt: Number(await PUT.run(this.#redis, keysOf(userId), args)) };
  }

  async find(userId: string): Promise<Contact | null> {
    const [rows, times] = keysOf(userId);
    const [text, time] = await Promise.all([
      answerOf(this.#redis.hget(rows, userId)),
      answerOf(this.#redis.zscore(times, userId)),
    ]);
    return text === null || time === null ? null : decodeContact(text, Number(time));
  }

  async list(space: string, page: PageRequest): Promise<Page<Contact>> {
    const buckets = Array.from({ length: BUCKETS }, (_, bucket) => keysOfBucket(space, bucket)[1]);
    const start = decodeCursor('contacts', page.cursor);
    const positions = await readNewestFirst(this.#redis, buckets, start, page.limit + 1);
    const shown = positions.slice(0, page.limit);
    const contacts = await Promise.all(shown.map(({ id }) => this.find(id)));
    return {
      // Null: it was removed between the two reads.
      items: contacts.filter((contact) => contact !== null),
      nextCursor: positions.length > shown.length ? encodeCursor('contacts', shown.at(-1)!) : null,
    };
  }

  async remove(userId: string): Promise<boolean> {
    return (await REMOVE.run(this.#redis, keysOf(userId), [userId])) === 1;
  }
}

function keysOf(userId: string): readonly [rows: string, times: string] {
  return keysOfBucket(spaceOf(userId), fnv1a(userId) % BUCKETS);
}

/** A space has no braces, so it cannot end the hash tag. */
function keysOfBucket(space: string, bucket: number): readonly [rows: string, times: string] {
  return [`{contacts:${space}:${bucket}}:rows`, `{contacts:${space}:${bucket}}:times`];
}
