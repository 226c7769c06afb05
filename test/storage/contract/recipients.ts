// What every driver of the recipients must do.

import test from 'ava';
import { DEFAULT_PREFERENCES } from '../../../contracts/preferences.ts';
import type { Recipient, RecipientStore } from '../../../storage/ports/recipients.ts';

function recipientOf(userId: string, revision: number, change: Partial<Recipient> = {}): Recipient {
  return {
    userId,
    subscriptions: [],
    preferences: DEFAULT_PREFERENCES,
    unsubscribeSecret: null,
    revision,
    ...change,
  };
}

const SUBSCRIPTION = {
  endpoint: 'https://push.example.com/send/one?x=ä',
  p256dh: 'BA',
  auth: 'Zz',
  keyId: 'k_1',
  sessionId: null,
  createdAt: 5,
};

export function recipientsContract(store: () => RecipientStore): void {
  test('R1: a recipient is found as it was stored', async (t) => {
    const recipient = recipientOf('u_found "of" 日本', 1, {
      subscriptions: [
        SUBSCRIPTION,
        { ...SUBSCRIPTION, sessionId: 's_1', endpoint: 'https://x.y/' },
      ],
      preferences: { ...DEFAULT_PREFERENCES, mutedCreators: ['u_loud'], spreadSeconds: 0 },
      unsubscribeSecret: 'secret',
    });
    t.is(await store().find(recipient.userId), null);
    t.true(await store().replace(recipient));
    t.deepEqual(await store().find(recipient.userId), recipient);
  });

  // Before all others.
  test.serial('R1: it is known whether anybody can be told', async (t) => {
    t.false(await store().any());
    await store().replace(recipientOf('u_only', 1));
    t.true(await store().any());
    await store().remove('u_only');
    t.false(await store().any());
  });

  test('R1: of two who change a recipient at once the second begins anew', async (t) => {
    const userId = 'u_twice';
    t.false(await store().replace(recipientOf(userId, 2)));
    t.is(await store().find(userId), null);
    t.true(await store().replace(recipientOf(userId, 1)));
    t.false(await store().replace(recipientOf(userId, 1, { unsubscribeSecret: 'late' })));
    t.deepEqual(await store().find(userId), recipientOf(userId, 1));
    const changes = await Promise.all(
      ['a', 'b'].map((secret) =>
        store().replace(recipientOf(userId, 2, { unsubscribeSecret: secret })),
      ),
    );
    t.is(changes.filter(Boolean).length, 1);
    t.is((await store().find(userId))?.unsubscribeSecret, changes[0] === true ? 'a' : 'b');
  });

  test('R1: a thousand recipients are read at once, without those who are none', async (t) => {
    const ids = Array.from({ length: 1_000 }, (_, i) => `u_many-${i}`);
    const stored = ids.filter((_, i) => i % 10 === 0);
    for (const id of stored) await store().replace(recipientOf(id, 1));
    const found = await store().findAll(ids);
    t.deepEqual([...found.keys()].toSorted(), stored.toSorted());
    t.deepEqual(found.get('u_many-10'), recipientOf('u_many-10', 1));
    t.is((await store().findAll([])).size, 0);
  });

  test('R1: a removed recipient is gone, and begins anew', async (t) => {
    await store().replace(recipientOf('u_gone', 1));
    await store().remove('u_gone');
    await store().remove('u_gone');
    t.is(await store().find('u_gone'), null);
    t.true(await store().replace(recipientOf('u_gone', 1)));
  });

  test('R1: an endpoint is of one user, and moves from whom it is', async (t) => {
    const endpoint = 'https://push.example.com/owned';
    t.is(await store().endpointOwner(endpoint), null);
    t.false(await store().moveEndpoint(endpoint, 'u_a', 'u_b'));
    t.true(await store().moveEndpoint(endpoint, null, 'u_a'));
    t.false(await store().moveEndpoint(endpoint, null, 'u_b'));
    t.is(await store().endpointOwner(endpoint), 'u_a');
    t.true(await store().moveEndpoint(endpoint, 'u_a', 'u_b'));
    t.is(await store().endpointOwner(endpoint), 'u_b');
    t.false(await store().moveEndpoint(endpoint, 'u_a', null));
    t.true(await store().moveEndpoint(endpoint, 'u_b', null));
    t.is(await store().endpointOwner(endpoint), null);
  });
}
