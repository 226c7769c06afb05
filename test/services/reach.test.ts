// Subscriptions to pushes and preferences: the use cases over stores in memory.

import test, { type ExecutionContext } from 'ava';
import { createECDH, randomBytes } from 'node:crypto';
import { PUSH_SUBSCRIPTIONS_MAX } from '../../contracts/bounds.ts';
import { DEFAULT_PREFERENCES } from '../../contracts/preferences.ts';
import type { NewPushSubscription } from '../../contracts/push.ts';
import { removeRecipient, removeSubscriptionsOfSessions } from '../../app/push-subscriptions.ts';
import { preferencesService, pushService } from '../../services/reach.ts';
import type { RecipientStore } from '../../storage/ports/recipients.ts';
import { type Harness, NOW, startServices } from './harness.ts';

const KEY = { keyId: 'k_2', publicKey: 'BNew' };

function start(t: ExecutionContext): Promise<Harness> {
  return startServices(t, ({ stores, clock, random }) => [
    preferencesService({ ...stores, random }),
    pushService({
      ...stores,
      pushKeys: {
        present: async () => KEY,
        knows: async (id) => id === 'k_1' || id === KEY.keyId,
      },
      endpointProblem: async (url) =>
        url.startsWith('https://push.example.com/') ? null : 'is no push service.',
      now: () => clock.now(),
    }),
  ]);
}

function subscriptionAt(path: string, change: Partial<NewPushSubscription> = {}) {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  const keys = {
    p256dh: pair.getPublicKey('base64url'),
    auth: randomBytes(16).toString('base64url'),
  };
  return { endpoint: `https://push.example.com/${path}`, keys, ...change };
}

async function endpointsOf(recipients: RecipientStore, userId: string): Promise<string[]> {
  const found = await recipients.find(userId);
  return (found?.subscriptions ?? []).map(({ endpoint }) => endpoint.split('/').at(-1)!);
}

test('R1: a browser subscribes for the present key, or for one that it names', async (t) => {
  const { call, stores } = await start(t);
  t.deepEqual(await call('push.key', {}), { ok: true, value: KEY });
  const one = subscriptionAt('one');
  const two = subscriptionAt('two', { keyId: 'k_1', expirationTime: null });
  const userId = 'u_a';
  t.true((await call('push.subscribe', { userId, sessionId: 's_1', subscription: one })).ok);
  t.true((await call('push.subscribe', { userId, subscription: two })).ok);
  const common = { createdAt: NOW };
  t.deepEqual((await stores.recipients.find(userId))?.subscriptions, [
    { endpoint: one.endpoint, ...one.keys, keyId: 'k_2', sessionId: 's_1', ...common },
    { endpoint: two.endpoint, ...two.keys, keyId: 'k_1', sessionId: null, ...common },
  ]);
});

test('R1: what is no subscription is refused, and nothing is stored', async (t) => {
  const { call, stores } = await start(t);
  const good = subscriptionAt('x');
  const offCurve = Buffer.alloc(65, 7);
  offCurve[0] = 4;
  for (const [bad, field] of [
    [{ ...good, endpoint: 'https://10.0.0.1/x' }, 'endpoint'],
    [{ ...good, keyId: 'k_9' }, 'keyId'],
    [{ ...good, keys: { ...good.keys, auth: 'AAAA' } }, 'keys'],
    [{ ...good, keys: { ...good.keys, p256dh: 'AAAA' } }, 'keys'],
    [{ ...good, keys: { ...good.keys, p256dh: offCurve.toString('base64url') } }, 'keys'],
  ] as const) {
    const refused = await call('push.subscribe', { userId: 'u_bad', subscription: bad });
    t.like(refused, { ok: false, code: 'invalid-request' });
    t.true(!refused.ok && refused.detail?.startsWith(`${field}:`), field);
  }
  t.is(await stores.recipients.find('u_bad'), null);
});

test('R1: the same endpoint again replaces, and past the bound the oldest one ends', async (t) => {
  const { call, stores } = await start(t);
  const userId = 'u_many';
  for (let i = 0; i <= PUSH_SUBSCRIPTIONS_MAX; i++)
    await call('push.subscribe', { userId, subscription: subscriptionAt(`${i}`) });
  const again = subscriptionAt('2');
  await call('push.subscribe', { userId, subscription: again });
  const names = Array.from({ length: PUSH_SUBSCRIPTIONS_MAX }, (_, i) => `${i + 1}`);
  const expected = [...names.filter((name) => name !== '2'), '2'];
  t.deepEqual(await endpointsOf(stores.recipients, userId), expected);
  t.is((await stores.recipients.find(userId))?.subscriptions.at(-1)?.auth, again.keys.auth);
  t.is(await stores.recipients.endpointOwner('https://push.example.com/0'), null);
});

test('R1: a browser is of whom it subscribed last, also where two do so at once', async (t) => {
  const { call, stores } = await start(t);
  const subscription = subscriptionAt('shared');
  await call('push.subscribe', { userId: 'u_first', subscription });
  await call('push.subscribe', { userId: 'u_second', subscription });
  t.deepEqual(await endpointsOf(stores.recipients, 'u_first'), []);
  t.deepEqual(await endpointsOf(stores.recipients, 'u_second'), ['shared']);
  const users = ['u_x', 'u_y', 'u_z'];
  const all = users.map((userId) => call('push.subscribe', { userId, subscription }));
  await Promise.all(all);
  const owner = await stores.recipients.endpointOwner(subscription.endpoint);
  for (const userId of [...users, 'u_second']) {
    const expected = userId === owner ? ['shared'] : [];
    t.deepEqual(await endpointsOf(stores.recipients, userId), expected, userId);
  }
});

test('R1: a subscription ends by itself, with its session, and with the account', async (t) => {
  const { call, stores } = await start(t);
  const userId = 'u_ends';
  const names = ['one', 'two', 'three'];
  for (const [i, name] of names.entries())
    await call('push.subscribe', {
      userId,
      sessionId: `s_${i}`,
      subscription: subscriptionAt(name),
    });
  const endpoint = 'https://push.example.com/one';
  for (let i = 0; i < 2; i++) t.true((await call('push.unsubscribe', { userId, endpoint })).ok);
  t.deepEqual(await endpointsOf(stores.recipients, userId), ['two', 'three']);
  await removeSubscriptionsOfSessions(stores.recipients, userId, ['s_1', 's_9']);
  t.deepEqual(await endpointsOf(stores.recipients, userId), ['three']);
  await removeRecipient(stores.recipients, userId);
  t.is(await stores.recipients.find(userId), null);
  for (const name of names)
    t.is(await stores.recipients.endpointOwner(`https://push.example.com/${name}`), null);
});

test('R2: preferences begin with pushes and without mails, and change by part', async (t) => {
  const { call } = await start(t);
  const userId = 'u_p';
  t.deepEqual(await call('preferences.get', { userId }), { ok: true, value: DEFAULT_PREFERENCES });
  const change = { push: { lowStock: false }, mutedCreators: ['u_loud'] };
  const changed = await call('preferences.change', { userId, change });
  const expected = {
    ...DEFAULT_PREFERENCES,
    push: { ...DEFAULT_PREFERENCES.push, lowStock: false },
    mutedCreators: ['u_loud'],
  };
  t.deepEqual(changed, { ok: true, value: expected });
  await call('preferences.change', { userId, change: { mail: { orders: true } } });
  const value = { ...expected, mail: { orders: true, dropAnnounced: false } };
  t.deepEqual(await call('preferences.get', { userId }), { ok: true, value });
});

test('R2: a link in a mail ends its kind alone, twice is the same, others are refused', async (t) => {
  const { call, stores } = await start(t);
  const userId = 'u_mail.with.dots';
  const mail = { orders: true, dropAnnounced: true };
  await call('preferences.change', { userId, change: { mail } });
  const secret = (await stores.recipients.find(userId))!.unsubscribeSecret!;
  await call('preferences.change', { userId, change: { mail: { orders: true } } });
  t.is((await stores.recipients.find(userId))?.unsubscribeSecret, secret);
  for (const token of [
    `orders.${secret}x.${userId}`,
    `other.${secret}.${userId}`,
    `orders.${secret}.u_nobody`,
    'orders',
  ])
    t.like(await call('preferences.unsubscribe', { token }), { ok: false, code: 'forbidden' });
  const token = `orders.${secret}.${userId}`;
  for (let i = 0; i < 2; i++) t.true((await call('preferences.unsubscribe', { token })).ok);
  const found = await stores.recipients.find(userId);
  t.deepEqual(found?.preferences.mail, { orders: false, dropAnnounced: true });
});
