// What every driver of the VAPID keys must do.

import test from 'ava';
import {
  VAPID_KEYS_MAX,
  type VapidKey,
  type VapidKeyStore,
} from '../../../storage/ports/vapid-keys.ts';

function vapidKey(keyId: string): VapidKey {
  return { keyId, publicKey: `public-${keyId}`, privateKey: `private-${keyId}`, createdAt: 1_000 };
}

/** The test lists and fills the store, so the store is one that nothing else uses. */
export function vapidKeysContract(store: () => VapidKeyStore): void {
  test.serial('R1: of VAPID keys added at once one is, and old ones stay behind it', async (t) => {
    t.deepEqual(await store().list(), []);
    const firsts = ['a', 'b', 'c'].map(vapidKey);
    const added = await Promise.all(firsts.map((key) => store().add(key, null)));
    t.is(added.filter(Boolean).length, 1);
    const first = firsts[added.indexOf(true)]!;
    t.deepEqual(await store().list(), [first]);
    t.false(await store().add(vapidKey('d'), null));
    t.false(await store().add(vapidKey('d'), 'another'));
    t.true(await store().add(vapidKey('d'), first.keyId));
    t.deepEqual(await store().list(), [vapidKey('d'), first]);
    t.false(await store().remove('d'), 'the newest stays');
    t.false(await store().remove('another'));
    t.true(await store().remove(first.keyId));
    t.deepEqual(await store().list(), [vapidKey('d')]);
    let newest = 'd';
    for (let i = 1; i < VAPID_KEYS_MAX; i++) {
      t.true(await store().add(vapidKey(`k${i}`), newest));
      newest = `k${i}`;
    }
    t.false(await store().add(vapidKey('too-many'), newest));
    t.is((await store().list()).length, VAPID_KEYS_MAX);
    t.is((await store().list())[0]!.keyId, newest);
  });
}
