// The VAPID keys in force: made once, read now and then.

import test from 'ava';
import { KeyedPushSender } from '../../../events/push/keyed-push-sender.ts';
import { PushCounts } from '../../../events/push/push-counts.ts';
import type { PushResult } from '../../../events/push/push-sender.ts';
import { KEYS_READ_EVERY_MS, VapidKeys } from '../../../events/push/vapid-keys.ts';
import { newVapidKey } from '../../../events/push/vapid.ts';
import { MemoryVapidKeys } from '../../../storage/memory/vapid-keys-memory.ts';
import { ManualClock } from '../../actors/manual-clock.ts';

function nodes(count: number) {
  const clock = new ManualClock(1_000);
  const vapidKeys = new MemoryVapidKeys();
  const keys = Array.from({ length: count }, () => {
    return new VapidKeys({
      vapidKeys,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
    });
  });
  return { clock, vapidKeys, keys };
}

test('R1: nodes that start at once have one key, and tell nothing but its public half', async (t) => {
  const { vapidKeys, keys } = nodes(5);
  const found = await Promise.all(keys.map((one) => one.present()));
  const stored = await vapidKeys.list();
  t.is(stored.length, 1);
  const { keyId, publicKey } = stored[0]!;
  for (const one of found) t.deepEqual(one, { keyId, publicKey });
});

test('R1: a rotation reaches every node, and the old key serves on', async (t) => {
  const { clock, vapidKeys, keys } = nodes(2);
  const [one, other] = keys as [VapidKeys, VapidKeys];
  const { keyId: old } = await one.present();
  await other.present();
  const next = newVapidKey(clock.now());
  await vapidKeys.add(next, old);
  t.is((await one.present()).keyId, old);
  await clock.advance(KEYS_READ_EVERY_MS);
  for (const node of keys) {
    t.is((await node.present()).keyId, next.keyId);
    t.is((await node.find(old))?.keyId, old);
    t.true(await node.knows(next.keyId));
  }
  await vapidKeys.remove(old);
  await clock.advance(KEYS_READ_EVERY_MS);
  t.is(await one.find(old), null);
  t.false(await one.knows(old));
});

test('R1: a key that another node has just made is found', async (t) => {
  const { clock, vapidKeys, keys } = nodes(1);
  const [one] = keys as [VapidKeys];
  const { keyId: old } = await one.present();
  await clock.advance(1_000);
  const next = newVapidKey(clock.now());
  await vapidKeys.add(next, old);
  t.is((await one.find(next.keyId))?.keyId, next.keyId);
});

test('R1: a key that was made after the last reading is no unknown one', async (t) => {
  const { clock, vapidKeys, keys } = nodes(1);
  const [one] = keys as [VapidKeys];
  const { keyId: old } = await one.present();
  const counts = new PushCounts();
  const sent: PushResult = { outcome: 'sent' };
  const sender = new KeyedPushSender({ keys: one, send: () => Promise.resolve(sent), counts });
  const target = { endpoint: 'https://push.example.net/1', p256dh: '', auth: '' };
  const message = { payload: '', ttlSeconds: 0, topic: null, urgency: 'normal' } as const;
  const send = (keyId: string) => sender.send({ ...target, keyId }, message);
  await clock.advance(500);
  const next = newVapidKey(clock.now());
  await vapidKeys.add(next, old);
  const unknown = { outcome: 'failed', reason: 'unknown-key' } as const;
  t.deepEqual(await send(next.keyId), { ...unknown, retryAfterMs: 1_000 });
  t.deepEqual(await send('removed'), { ...unknown, retryAfterMs: 1_000 });
  await clock.advance(500);
  t.deepEqual(await send(next.keyId), sent);
  // Read since it was first asked for.
  t.deepEqual(await send('removed'), unknown);
});

test('R1: a store that is away is asked once a second', async (t) => {
  const { clock, vapidKeys, keys } = nodes(1);
  const [one] = keys as [VapidKeys];
  const { keyId } = await one.present();
  await clock.advance(KEYS_READ_EVERY_MS);
  let reads = 0;
  vapidKeys.list = () => {
    reads += 1;
    return Promise.reject(new Error('away'));
  };
  for (let i = 0; i < 3; i++) {
    t.is((await one.find(keyId))?.keyId, keyId);
    await t.throwsAsync(one.find('another'), { message: 'away' });
  }
  t.is(reads, 1);
  await clock.advance(1_000);
  await one.find(keyId);
  t.is(reads, 2);
});

test('R1: known keys serve on while the store is away', async (t) => {
  const { clock, vapidKeys, keys } = nodes(1);
  const [one] = keys as [VapidKeys];
  const { keyId } = await one.present();
  await clock.advance(KEYS_READ_EVERY_MS);
  vapidKeys.list = () => Promise.reject(new Error('away'));
  t.is((await one.find(keyId))?.keyId, keyId);
  await t.throwsAsync(one.find('another'), { message: 'away' });
});
