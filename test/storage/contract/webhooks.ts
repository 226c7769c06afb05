// What every driver of outgoing webhooks must do.

import test from 'ava';
import type { Delivery, Webhook } from '../../../contracts/webhooks.ts';
import { makeWebhookId, knownBucketOf } from '../../../domain/webhook-ids.ts';
import {
  type FedEntry,
  HELD_KEYS_MAX,
  type NewMessage,
  WAITING_MAX,
  WAITING_OF_KEY_MAX,
  WAITING_OF_KEY_MIN,
  WAITING_SHARED_MAX,
  WEBHOOKS_OF_CREATOR_MAX,
  type WebhookStore,
} from '../../../storage/ports/webhooks.ts';

let made = 0;
const START = [0, 7, 0];
const ALL = { limit: 100, cursor: null };
const KEEP = { keptMax: 100, before: 0 };

export function webhookOf(creatorId: string, change: Partial<Webhook> = {}): Webhook {
  made += 1;
  return {
    id: makeWebhookId(creatorId, made, Buffer.alloc(10, made)),
    creatorId,
    url: 'https://shop.example.com/hooks?of=„drops“',
    description: null,
    events: ['order.confirmed'],
    ordering: 'none',
    ratePerSecond: 100,
    enabled: true,
    disabledReason: null,
    disabledAt: null,
    createdAt: made,
    secrets: [{ secret: 'whsec_c2VjcmV0', endsAt: null }],
    generation: 1,
    noticeIsDue: false,
    revision: 1,
    ...change,
  };
}

export function messageOf(name: string, change: Partial<Delivery> = {}): NewMessage {
  return {
    delivery: {
      messageId: `msg_${name}`,
      type: 'order.confirmed',
      state: 'waiting',
      occurredAt: 1_000,
      attemptCount: 0,
      attempts: [],
      nextAttemptAt: null,
      finishedAt: null,
      key: null,
      triedSince: null,
      revision: 0,
      ...change,
    },
    body: `{"of":"${name} „ü“"}`,
  };
}

export function entryOf(webhookId: string, shard: number, sequence: number, count = 1): FedEntry {
  const messages = Array.from({ length: count }, (_, i) => messageOf(`${shard}-${sequence}-${i}`));
  return { webhookId, shard, sequence, messages };
}

export function webhooksContract(store: () => WebhookStore): void {
  const added = async (creatorId: string, change: Partial<Webhook> = {}): Promise<Webhook> => {
    const webhook = webhookOf(creatorId, change);
    await store().add(webhook, START);
    return webhook;
  };
  const idsOf = async (webhook: Webhook): Promise<string[]> =>
    (await store().waiting(webhook.id, 2_000)).map(({ messageId }) => messageId);
  const finished = (delivery: Delivery, at: number): Delivery => ({
    ...delivery,
    state: 'sent',
    finishedAt: at,
    revision: delivery.revision + 1,
  });

  test('R3: a webhook is found and listed as it was made, newest first', async (t) => {
    const [one, two] = [await added('made'), await added('made')];
    await added('made:2');
    t.deepEqual(await store().find(one.id), one);
    t.deepEqual(await store().ofCreator('made'), [two, one]);
    t.deepEqual(await store().ofCreator('nobody'), []);
    t.is(await store().find('wh_00_none'), null);
    t.is(await store().find('none'), null);
    const inBucket = await store().inBucket(knownBucketOf(one.id));
    const ids = inBucket.map(({ id }) => id);
    t.true(ids.includes(one.id) && ids.includes(two.id));
    t.deepEqual(ids, ids.toSorted());
  });

  test('R3: a creator has a bounded number of webhooks, however many are added at once', async (t) => {
    const all = Array.from({ length: WEBHOOKS_OF_CREATOR_MAX + 3 }, () => webhookOf('many'));
    const results = await Promise.all(all.map((webhook) => store().add(webhook, START)));
    t.is(results.filter(Boolean).length, WEBHOOKS_OF_CREATOR_MAX);
    for (const [i, { id }] of all.entries()) t.is((await store().find(id)) !== null, results[i]!);
  });

  test('R3: a change needs the revision that was read, and is noticed by its bucket', async (t) => {
    const webhook = await added('changed');
    const bucket = knownBucketOf(webhook.id);
    const before = (await store().revisions())[bucket]!;
    const changed = { ...webhook, description: 'Büro', revision: 2 };
    t.true(await store().replace(changed, 'keep'));
    t.false(await store().replace({ ...changed, description: null }, 'keep'));
    t.deepEqual(await store().find(webhook.id), changed);
    t.true((await store().revisions())[bucket]! > before);
    t.false(await store().replace({ ...webhookOf('changed'), revision: 2 }, 'keep'));
  });

  test('R3: an entry is taken once, and none from before the feed', async (t) => {
    const webhook = await added('fed');
    const feed = async (...entries: FedEntry[]) => await store().feed(entries);
    t.deepEqual(await feed(entryOf(webhook.id, 1, 7), entryOf(webhook.id, 1, 9, 2)), [
      'known',
      'taken',
    ]);
    t.deepEqual(await feed(entryOf(webhook.id, 1, 9, 2), entryOf(webhook.id, 1, 8)), [
      'known',
      'known',
    ]);
    t.deepEqual(await feed(entryOf(webhook.id, 0, 1), entryOf('wh_00_none', 0, 1)), [
      'taken',
      'closed',
    ]);
    t.deepEqual(await idsOf(webhook), ['msg_1-9-0', 'msg_1-9-1', 'msg_0-1-0']);
    const waiting = await store().waiting(webhook.id, 2);
    t.deepEqual(
      waiting.map(({ id }) => id),
      ['1', '2'],
    );
    t.deepEqual(waiting[0], { id: '1', ...messageOf('1-9-0').delivery });
    t.deepEqual(await store().bodies(webhook.id, ['2', '99']), [messageOf('1-9-1').body, null]);
    t.is(await store().waitingCount(webhook.id), 3);
  });

  test('R3: no webhook needs what is before the lowest entry that one has taken', async (t) => {
    const webhook = await added('through');
    await store().feed([entryOf(webhook.id, 0, 4)]);
    const lowest = await store().fedThrough();
    t.true(lowest.length >= START.length);
    t.true(lowest[0]! <= 4 && lowest[1]! <= 7 && lowest[2] === 0);
    await store().remove(webhook.id);
  });

  test('R3: one whose queue is full lacks entries until it has caught up, each once', async (t) => {
    const webhook = await added('full');
    const { id } = webhook;
    // Each of a drop of its own, so that no drop has too much of the room.
    const of = (shard: number, sequence: number, count = 1): FedEntry => ({
      ...entryOf(id, shard, sequence),
      messages: Array.from({ length: count }, (_, i) => {
        const name = `${shard}-${sequence}-${i}`;
        return messageOf(name, { key: `d_${name}` });
      }),
    });
    const feed = async (shard: number, sequence: number, count = 1) =>
      (await store().feed([of(shard, sequence, count)]))[0];
    t.is(await feed(0, 1, WAITING_MAX), 'taken');
    t.is(await feed(0, 2), 'behind');
    t.is(await feed(0, 2), 'behind');
    t.is(await feed(0, 5), 'behind');
    t.is(await feed(1, 9), 'behind');
    const lacking = [
      { shard: 0, from: 1, to: 5 },
      { shard: 1, from: 8, to: 9 },
    ];
    t.deepEqual(await store().lackingOf(id), lacking);
    t.true((await store().lackingIn(knownBucketOf(id))).includes(id));
    t.is(await store().catchUp(of(0, 2)), 'full');
    const all = await store().waiting(id, WAITING_MAX);
    await store().settle(
      id,
      all.map((one) => finished(one, 5)),
      KEEP,
    );
    // Room, but the order of a shard stays.
    t.is(await feed(0, 6), 'behind');
    t.is(await store().catchUp(of(0, 1)), 'known');
    t.is(await store().catchUp(of(0, 2)), 'taken');
    t.is(await store().catchUp(of(0, 2)), 'known');
    t.is(await store().catchUp({ ...of(0, 5), messages: [] }), 'taken');
    t.is(await store().catchUp(of(0, 6)), 'done');
    t.is(await store().catchUp(of(1, 9)), 'done');
    t.is(await feed(0, 6), 'known');
    t.is(await feed(0, 7), 'taken');
    t.deepEqual(await store().lackingOf(id), []);
    t.false((await store().lackingIn(knownBucketOf(id))).includes(id));
    t.deepEqual(await idsOf(webhook), ['msg_0-2-0', 'msg_0-6-0', 'msg_1-9-0', 'msg_0-7-0']);
  });

  test('R3: a key of which too many wait leaves the room to others, and lacks what follows', async (t) => {
    const webhook = await added('held');
    const { id } = webhook;
    const of = (sequence: number, counts: Readonly<Record<string, number>>): FedEntry => ({
      webhookId: id,
      shard: 0,
      sequence,
      messages: Object.entries(counts).flatMap(([key, count]) =>
        Array.from({ length: count }, (_, i) => messageOf(`${sequence}-${key}-${i}`, { key })),
      ),
    });
    const feed = async (entry: FedEntry) => (await store().feed([entry]))[0];
    const settle = async (count: number, key: string) => {
      const all = await store().waiting(id, WAITING_MAX);
      const some = all.filter((one) => one.key === key).slice(0, count);
      await store().settle(
        id,
        some.map((one) => finished(one, 5)),
        KEEP,
      );
    };
    t.is(await feed(of(1, { a: WAITING_OF_KEY_MAX, b: 1 })), 'taken');
    t.is(await feed(of(2, { a: 2, b: 1 })), 'held');
    t.is(await feed(of(3, { b: 1 })), 'taken');
    t.is(await feed(of(4, { a: 1 })), 'held');
    t.is(await feed(of(4, { a: 1 })), 'known');
    const lacking = { key: 'a', shard: 0, from: 1, to: 4 };
    t.deepEqual(await store().lackingKeysOf(id), [{ ...lacking, waiting: WAITING_OF_KEY_MAX }]);
    t.deepEqual(await store().lackingOf(id), []);
    t.true((await store().lackingIn(knownBucketOf(id))).includes(id));
    t.true((await store().counts()).behind >= 1);
    const others = (await store().waiting(id, WAITING_MAX)).filter(({ key }) => key === 'b');
    t.deepEqual(
      others.map(({ messageId }) => messageId),
      ['msg_1-b-0', 'msg_2-b-0', 'msg_3-b-0'],
    );

    t.is(await store().catchUpKey(of(2, { a: 2 }), 'a'), 'full');
    await settle(10, 'a');
    t.is((await store().lackingKeysOf(id))[0]!.waiting, WAITING_OF_KEY_MAX - 10);
    // Room, but the order of the key stays.
    t.is(await feed(of(5, { a: 1 })), 'held');
    t.is(await store().catchUpKey(of(1, { a: 1 }), 'a'), 'known');
    t.is(await store().catchUpKey(of(2, { a: 2 }), 'a'), 'taken');
    t.is(await store().catchUpKey(of(2, { a: 2 }), 'a'), 'known');
    t.is(await store().catchUpKey(of(4, { a: 1 }), 'a'), 'taken');
    t.is(await store().catchUpKey(of(5, { a: 1 }), 'a'), 'done');
    t.is(await store().catchUpKey(of(5, { a: 1 }), 'a'), 'known');
    t.is(await store().catchUpKey(of(5, { a: 1 }), 'none'), 'known');
    t.deepEqual(await store().lackingKeysOf(id), []);
    t.false((await store().lackingIn(knownBucketOf(id))).includes(id));
    t.is(await feed(of(6, { a: 1 })), 'taken');
    const ofA = (await idsOf(webhook)).filter((name) => name.includes('-a-')).slice(-5);
    t.deepEqual(ofA, ['msg_2-a-0', 'msg_2-a-1', 'msg_4-a-0', 'msg_5-a-0', 'msg_6-a-0']);
  });

  test('R3: what a key lacks grows while its shard lacks entries, and goes with the feed', async (t) => {
    const webhook = await added('held-behind');
    const { id } = webhook;
    const fill = (sequence: number, key: string, count: number): FedEntry => ({
      ...entryOf(id, 0, sequence),
      messages: Array.from({ length: count }, (_, i) => messageOf(`${sequence}-${i}`, { key })),
    });
    await store().feed([fill(1, 'a', WAITING_OF_KEY_MAX), fill(2, 'b', WAITING_MAX)]);
    t.deepEqual(await store().feed([fill(3, 'a', 1)]), ['behind']);
    // What is held takes no room.
    t.is(await store().catchUp(fill(3, 'a', 1)), 'done');
    t.like((await store().lackingKeysOf(id))[0], { key: 'a', from: 2, to: 3 });
    t.is(await store().catchUpKey({ ...fill(3, 'a', 1), webhookId: 'wh_00_none' }, 'a'), 'closed');
    t.true(await store().replace({ ...webhook, enabled: false, revision: 2 }, 'close'));
    t.is(await store().catchUpKey(fill(3, 'a', 1), 'a'), 'closed');
    t.deepEqual(await store().lackingKeysOf(id), []);
    t.false((await store().lackingIn(knownBucketOf(id))).includes(id));
    t.true(await store().remove(id));
  });

  test('R3: event types that nobody takes share half of the room, as drops do', async (t) => {
    const { id } = await added('shared-types');
    let sequence = 0;
    const feed = async (type: Delivery['type']) => {
      sequence += 1;
      const message = messageOf(`${sequence}`, { type });
      return (await store().feed([{ webhookId: id, shard: 0, sequence, messages: [message] }]))[0];
    };
    const failing = ['order.reserved', 'order.failed', 'order.expired', 'drop.changed'] as const;
    for (let round = 0; round < 110; round++)
      for (const type of failing) t.true(['taken', 'held'].includes((await feed(type))!));
    const held = await store().lackingKeysOf(id);
    t.deepEqual(
      Object.fromEntries(held.map(({ key, waiting }) => [key, waiting])),
      Object.fromEntries(failing.map((type) => [type, WAITING_SHARED_MAX / 5])),
    );
    t.is(await store().waitingCount(id), (4 * WAITING_SHARED_MAX) / 5);
    // Half of what they have left.
    for (let i = 0; i < WAITING_SHARED_MAX / 10; i++) t.is(await feed('order.confirmed'), 'taken');
    t.is(await feed('order.confirmed'), 'held');
    t.deepEqual(await store().lackingOf(id), []);
  });

  test('R3: what an event type lacks is noted for each shard, however many they are', async (t) => {
    const webhook = await added('held-types');
    const { id } = webhook;
    const of = (shard: number, sequence: number, counts: Partial<Record<string, number>>) => ({
      webhookId: id,
      shard,
      sequence,
      messages: Object.entries(counts).flatMap(([type, count]) =>
        Array.from({ length: count! }, (_, i) =>
          messageOf(`${shard}-${sequence}-${type}-${i}`, { type }),
        ),
      ),
    });
    const feed = async (entry: FedEntry) => (await store().feed([entry]))[0];
    const [failing, other] = ['order.reserved', 'order.confirmed'];
    t.is(await feed(of(0, 1, { [failing]: WAITING_OF_KEY_MAX, [other]: 1 })), 'taken');
    const shards = Array.from({ length: HELD_KEYS_MAX + 6 }, (_, i) => 10 + i);
    for (const shard of shards) {
      t.is(await feed(of(shard, 1, { [failing]: 1, [other]: 1 })), 'held');
      t.is(await feed(of(shard, 2, { [failing]: 2 })), 'held');
    }
    const lacking = (await store().lackingKeysOf(id)).toSorted((a, b) => a.shard - b.shard);
    t.deepEqual(
      lacking,
      shards.map((shard) => {
        return { key: failing, shard, from: 0, to: 2, waiting: WAITING_OF_KEY_MAX };
      }),
    );
    t.deepEqual(await store().lackingOf(id), []);
    t.true((await store().lackingIn(knownBucketOf(id))).includes(id));
    const waiting = await store().waiting(id, WAITING_MAX);
    t.is(waiting.filter(({ type }) => type === other).length, 1 + shards.length);

    const [first, second] = shards as [number, number, ...number[]];
    t.is(await store().catchUpKey(of(first, 1, { [failing]: 1 }), failing), 'full');
    await store().settle(
      id,
      waiting.filter(({ type }) => type === failing).map((one) => finished(one, 5)),
      KEEP,
    );
    t.is(await store().catchUpKey(of(first, 1, { [failing]: 1 }), failing), 'taken');
    t.is(await store().catchUpKey(of(first, 1, { [failing]: 1 }), failing), 'known');
    t.is(await store().catchUpKey(of(first, 2, { [failing]: 2 }), failing), 'done');
    // Its entries of one shard come once each; those of another one are lacking still.
    t.is(await feed(of(first, 3, { [failing]: 1 })), 'taken');
    t.is(await feed(of(second, 3, { [failing]: 1 })), 'held');
    t.is((await store().lackingKeysOf(id)).length, shards.length - 1);
    for (const shard of shards.slice(1)) await store().catchUpKey(of(shard, 3, {}), failing);
    t.deepEqual(await store().lackingKeysOf(id), []);
    t.false((await store().lackingIn(knownBucketOf(id))).includes(id));
    const names = (await idsOf(webhook)).filter((name) => name.includes(failing));
    t.deepEqual(
      names,
      [1, 2, 2, 3].map((sequence, i) => `msg_${first}-${sequence}-${failing}-${i === 2 ? 1 : 0}`),
    );
  });

  test('R3: keys that nobody takes share half of the room, and others still go on', async (t) => {
    const webhook = await added('shared');
    const { id } = webhook;
    let sequence = 0;
    const feed = async (key: string) => {
      sequence += 1;
      const message = messageOf(`${sequence}`, { key });
      return (await store().feed([{ webhookId: id, shard: 0, sequence, messages: [message] }]))[0];
    };
    const failing = ['a', 'b', 'c', 'd'];
    // Each in turn, until none of them takes more.
    for (let round = 0; round < 110; round++)
      for (const key of failing) t.true(['taken', 'held'].includes((await feed(key))!));
    const held = await store().lackingKeysOf(id);
    t.deepEqual(
      Object.fromEntries(held.map(({ key, waiting }) => [key, waiting])),
      Object.fromEntries(failing.map((key) => [key, WAITING_SHARED_MAX / 5])),
    );
    const leftOver = WAITING_SHARED_MAX / 5;
    t.is(await store().waitingCount(id), WAITING_SHARED_MAX - leftOver);
    // Many more, of which each takes less and less, down to a few.
    for (let n = 0; n < 40; n++)
      for (let i = 0; i <= WAITING_OF_KEY_MIN; i++)
        t.true(['taken', 'held'].includes((await feed(`more-${n}`))!));
    t.is(await feed('other'), 'taken');
    t.deepEqual(await store().lackingOf(id), []);
    const waiting = await store().waitingCount(id);
    t.true(waiting <= WAITING_SHARED_MAX + 40 * WAITING_OF_KEY_MIN);
    for (let i = 1; i < WAITING_OF_KEY_MIN; i++) t.is(await feed('other'), 'taken');
    t.is(await feed('other'), 'held');
    // What is taken of it makes room for what it lacks.
    const all = await store().waiting(id, WAITING_MAX);
    const own = all.filter(({ key }) => key === 'other');
    t.is(own.length, WAITING_OF_KEY_MIN);
    const message = messageOf('brought', { key: 'other' });
    const lacked: FedEntry = { webhookId: id, shard: 0, sequence, messages: [message] };
    t.is(await store().catchUpKey(lacked, 'other'), 'full');
    await store().settle(
      id,
      own.map((one) => finished(one, 5)),
      KEEP,
    );
    t.is(await store().catchUpKey(lacked, 'other'), 'done');
    t.is(await feed('other'), 'taken');
  });

  test('R3: the number of keys that are held is bounded', async (t) => {
    const { id } = await added('many-held');
    const keys = Array.from({ length: HELD_KEYS_MAX + 1 }, (_, i) => `d_${i}`);
    for (const [i, key] of keys.entries()) {
      const entry = (sequence: number, count: number): FedEntry => ({
        ...entryOf(id, 0, sequence),
        messages: Array.from({ length: count }, (_, n) => messageOf(`${sequence}-${n}`, { key })),
      });
      t.deepEqual(await store().feed([entry(2 * i + 1, WAITING_OF_KEY_MAX)]), ['taken']);
      const isOver = i === HELD_KEYS_MAX;
      t.deepEqual(await store().feed([entry(2 * i + 2, 1)]), [isOver ? 'behind' : 'held']);
      const all = await store().waiting(id, WAITING_MAX);
      await store().settle(
        id,
        all.map((one) => finished(one, 5)),
        { keptMax: 0, before: 0 },
      );
    }
    t.is((await store().lackingKeysOf(id)).length, HELD_KEYS_MAX);
    const webhook = (await store().find(id))!;
    t.true(await store().replace({ ...webhook, revision: 2 }, { start: START }));
    t.deepEqual(await store().lackingKeysOf(id), []);
  });

  test('R3: a feed that was closed takes nothing, and opens where it is told', async (t) => {
    const webhook = await added('closed');
    const { id } = webhook;
    await store().feed([entryOf(id, 0, 1, WAITING_MAX), entryOf(id, 0, 2)]);
    t.true(await store().replace({ ...webhook, enabled: false, revision: 2 }, 'close'));
    t.deepEqual(await store().feed([entryOf(id, 0, 3)]), ['closed']);
    t.is(await store().catchUp(entryOf(id, 0, 2)), 'closed');
    t.deepEqual(await store().lackingOf(id), []);
    t.is(await store().send(id, messageOf('test')), null);
    t.is(await store().waitingCount(id), WAITING_MAX);
    const start = [5, 0, 0];
    t.true(await store().replace({ ...webhook, enabled: true, revision: 3 }, { start }));
    const all = await store().waiting(id, WAITING_MAX);
    await store().settle(
      id,
      all.map((one) => finished(one, 5)),
      KEEP,
    );
    t.deepEqual(await store().feed([entryOf(id, 0, 5), entryOf(id, 0, 6)]), ['known', 'taken']);
  });

  test('R3: a delivery changes by its revision, and the oldest that are over go', async (t) => {
    const webhook = await added('settled');
    const { id } = webhook;
    await store().feed([entryOf(id, 0, 1, 4)]);
    const [one, two, three, four] = (await store().waiting(id, 10)) as [
      Delivery,
      Delivery,
      Delivery,
      Delivery,
    ];
    const tried = { ...one, attemptCount: 1, nextAttemptAt: 9_000, revision: 1 };
    const outdated = { ...two, attemptCount: 1, revision: 5 };
    t.deepEqual(await store().settle(id, [tried, outdated], KEEP), [true, false]);
    t.deepEqual(await store().findDelivery(id, one.id), tried);
    t.deepEqual(await store().findDelivery(id, two.id), two);
    const over = [finished(two, 100), finished(three, 200), finished(four, 300)];
    t.deepEqual(await store().settle(id, over, { keptMax: 2, before: 0 }), [true, true, true]);
    t.is(await store().findDelivery(id, two.id), null);
    t.deepEqual(await store().bodies(id, [two.id]), [null]);
    await store().settle(id, [], { keptMax: 2, before: 250 });
    const page = await store().deliveries(id, null, ALL);
    t.deepEqual(
      page.items.map(({ id: number }) => number),
      ['4', '1'],
    );
    // One that was over waits again, as it does when it is sent again by hand.
    const again = { ...over[2]!, state: 'waiting', finishedAt: null, revision: 2 } as const;
    t.deepEqual(await store().settle(id, [again], { keptMax: 0, before: 0 }), [true]);
    t.deepEqual(await idsOf(webhook), ['msg_0-1-0', 'msg_0-1-3']);
    t.deepEqual(await store().settle('wh_00_none', [again], KEEP), [false]);
  });

  test('R3: deliveries are listed newest first, by state, in pages', async (t) => {
    const webhook = await added('listed');
    const { id } = webhook;
    await store().feed([entryOf(id, 0, 1, 12)]);
    const all = await store().waiting(id, 20);
    await store().settle(
      id,
      all.slice(0, 3).map((one) => finished(one, 5)),
      KEEP,
    );
    const listed = async (state: Delivery['state'] | null) => {
      const ids: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await store().deliveries(id, state, { limit: 5, cursor });
        ids.push(...page.items.map((delivery) => delivery.id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      return ids;
    };
    const numbers = Array.from({ length: 12 }, (_, i) => String(12 - i));
    t.deepEqual(await listed(null), numbers);
    t.deepEqual(await listed('sent'), ['3', '2', '1']);
    t.deepEqual(await listed('waiting'), numbers.slice(0, 9));
    t.deepEqual(await listed('failed'), []);
    await t.throwsAsync(store().deliveries(id, null, { limit: 5, cursor: 'foreign' }), {
      code: 'invalid-cursor',
    });
  });

  test('R3: what is sent by hand is of no entry', async (t) => {
    const webhook = await added('by-hand');
    const sent = await store().send(webhook.id, messageOf('test'));
    t.deepEqual(sent, { id: '1', ...messageOf('test').delivery });
    t.deepEqual(await store().findDelivery(webhook.id, '1'), sent);
    await store().feed([entryOf(webhook.id, 0, 1, WAITING_MAX)]);
    t.is(await store().send(webhook.id, messageOf('test')), null);
    t.is(await store().send('wh_00_none', messageOf('test')), null);
  });

  test('R3: a removed webhook leaves nothing', async (t) => {
    const webhook = await added('removed');
    const { id } = webhook;
    await store().feed([entryOf(id, 0, 1, WAITING_MAX), entryOf(id, 0, 2)]);
    t.true(await store().remove(id));
    t.false(await store().remove(id));
    t.is(await store().find(id), null);
    t.deepEqual(await store().ofCreator('removed'), []);
    t.is(await store().waitingCount(id), 0);
    t.deepEqual(await store().lackingOf(id), []);
    t.deepEqual(await store().deliveries(id, null, ALL), { items: [], nextCursor: null });
    t.false((await store().lackingIn(knownBucketOf(id))).includes(id));
    t.deepEqual(await store().feed([entryOf(id, 0, 3)]), ['closed']);
  });

  test('R3: webhooks and what waits are counted', async (t) => {
    const webhook = await added('counted');
    const other = await added('counted');
    await store().feed([entryOf(webhook.id, 0, 1, 3), entryOf(other.id, 0, 1, 2)]);
    await store().replace({ ...other, enabled: false, revision: 2 }, 'close');
    // Tests of the suite run beside each other, so counts may be higher.
    const { webhooks, enabled, waiting, behind } = await store().counts();
    t.true(webhooks >= 2 && enabled >= 1 && enabled < webhooks && waiting >= 5 && behind >= 0);
    for (const one of [webhook, other]) await store().remove(one.id);
  });
}
