// What every driver of the API keys must do.

import test from 'ava';
import {
  API_KEYS_PER_OWNER_MAX,
  type ApiKeyStore,
  type StoredApiKey,
} from '../../../storage/ports/api-keys.ts';

let made = 0;

export function keyOf(ownerId: string, change: Partial<StoredApiKey> = {}): StoredApiKey {
  made += 1;
  return {
    id: `ak_${made}`,
    ownerId,
    name: `Schlüssel „${made}"`,
    scopes: ['catalogue:write', 'orders:read'],
    hash: `hash-${made}`,
    hint: 'x7Qa',
    createdAt: made,
    lastUsedAt: null,
    endsAt: null,
    ...change,
  };
}

export function apiKeysContract(store: () => ApiKeyStore): void {
  test('A5: a key is found by its hash, as it was made', async (t) => {
    const key = keyOf('finn', { endsAt: 1_900_000_000_000 });
    t.true(await store().add(key));
    t.deepEqual(await store().findByHash(key.hash), key);
    t.is(await store().findByHash('hash-of-none'), null);
  });

  test('A5: an owner’s keys are listed newest first, and nobody else’s', async (t) => {
    const keys = [keyOf('list'), keyOf('list'), keyOf('list')];
    await store().add(keyOf('list:2'));
    for (const key of keys) await store().add(key);
    t.deepEqual(await store().list('list'), keys.toReversed());
    t.deepEqual(await store().list('nobody'), []);
  });

  test('A5: an owner has a bounded number of keys, however many are added at once', async (t) => {
    const keys = Array.from({ length: API_KEYS_PER_OWNER_MAX + 5 }, () => keyOf('many'));
    const added = await Promise.all(keys.map((key) => store().add(key)));
    t.is(added.filter(Boolean).length, API_KEYS_PER_OWNER_MAX);
    const listed = await store().list('many');
    t.is(listed.length, API_KEYS_PER_OWNER_MAX);
    for (const [i, key] of keys.entries())
      t.is((await store().findByHash(key.hash)) !== null, added[i]!);
    t.true(await store().remove('many', listed[0]!.id));
    t.true(await store().add(keyOf('many')));
  });

  test('A5: a removed key is not found, and only its owner removes it', async (t) => {
    const [key, other] = [keyOf('gone'), keyOf('gone')];
    await store().add(key);
    await store().add(other);
    t.false(await store().remove('stranger', key.id));
    t.deepEqual(await store().findByHash(key.hash), key);
    t.true(await store().remove('gone', key.id));
    t.is(await store().findByHash(key.hash), null);
    t.deepEqual(await store().list('gone'), [other]);
    t.false(await store().remove('gone', key.id));
  });

  test('A5: all keys of an owner are removed together', async (t) => {
    const [one, two, other] = [keyOf('all'), keyOf('all'), keyOf('stays')];
    for (const key of [one, two, other]) await store().add(key);
    await store().removeAll('all');
    await store().removeAll('nobody');
    t.deepEqual(await store().list('all'), []);
    t.is(await store().findByHash(two.hash), null);
    t.deepEqual(await store().list('stays'), [other]);
  });

  test('A5: the last use only rises, and is none of an unknown key', async (t) => {
    const key = keyOf('used');
    await store().add(key);
    for (const [at, shown] of [
      [5_000, 5_000],
      [3_000, 5_000],
      [1_800_000_000_000, 1_800_000_000_000],
    ] as const) {
      await store().markUsed(key.id, at);
      t.is((await store().findByHash(key.hash))?.lastUsedAt, shown);
    }
    await store().markUsed('ak_none', 5);
    await store().remove('used', key.id);
    await store().markUsed(key.id, 1_800_000_000_001);
    t.is(await store().findByHash(key.hash), null);
    t.is((await store().list('used')).length, 0);
  });
}
