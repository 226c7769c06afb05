// What feeds webhooks from the journals of a real host of shards: each event once, from where the
// webhook began, over restarts, and for one that has no room for a while.

import test from 'ava';
import pino from 'pino';
import type { Webhook } from '../../../contracts/webhooks.ts';
import { WebhookFeeder } from '../../../events/webhooks/webhook-feeder.ts';
import { MemoryConsumerPositions } from '../../../storage/memory/consumer-positions-memory.ts';
import { MemorySpillStore } from '../../../storage/memory/spill-memory.ts';
import { MemoryWebhooks } from '../../../storage/memory/webhooks-memory.ts';
import {
  type FedEntry,
  WAITING_MAX,
  WAITING_OF_KEY_MAX,
  WAITING_SHARED_MAX,
} from '../../../storage/ports/webhooks.ts';
import { createDrop, order, place, startHost } from '../../actors/harness.ts';
import { webhookOf } from '../../storage/contract/webhooks.ts';

class CountingWebhooks extends MemoryWebhooks {
  fed = 0;

  override async feed(entries: readonly FedEntry[]) {
    this.fed += entries.length;
    return await super.feed(entries);
  }
}

async function start() {
  const harness = await startHost(undefined, 1);
  const store = new CountingWebhooks();
  const positions = new MemoryConsumerPositions();
  const feeder = () =>
    new WebhookFeeder({
      ...harness,
      store,
      positions,
      paymentProvider: 'development',
      shardCount: 1,
      openSpill: () => new MemorySpillStore(),
      lease: null,
      log: pino({ level: 'silent' }),
    });
  const { journal } = harness;
  const add = async (creatorId: string, change: Partial<Webhook> = {}): Promise<Webhook> => {
    const webhook = webhookOf(creatorId, { events: ['order.confirmed'], ...change });
    const { lastSequence } = await journal.head(0);
    await store.add(webhook, [lastSequence]);
    return webhook;
  };
  const messages = async ({ id }: Webhook) => {
    const waiting = await store.waiting(id, 10_000);
    const bodies = await store.bodies(
      id,
      waiting.map((one) => one.id),
    );
    return bodies.map((body) => JSON.parse(body!) as { type: string; data: Data });
  };
  return { ...harness, store, positions, feeder, add, messages };
}

interface Data {
  readonly order: { readonly id: string; readonly userId: string; readonly status: string };
  readonly drop: { readonly id: string; readonly free: number };
}

test('R3: what happens after a webhook was made is fed once, with facts as they stood', async (t) => {
  const { host, clock, store, feeder, add, messages } = await start();
  await createDrop(host, 50);
  await order(host, 'before');
  const creatorId = 'creator';
  const webhook = await add(creatorId);
  const stranger = await add('stranger');
  const first = feeder();
  first.start();
  await clock.advance(1_000);
  await order(host, 'ann');
  await order(host, 'ben');
  await clock.advance(1_000);
  await first.stop();
  await order(host, 'cat');
  const second = feeder();
  second.start();
  await clock.advance(2_000);
  await second.stop();
  const made = await messages(webhook);
  t.deepEqual(
    made.map(({ data }) => [data.order.userId, data.drop.free]),
    [
      ['ann', 48],
      ['ben', 47],
      ['cat', 46],
    ],
  );
  t.deepEqual(await messages(stranger), []);
  t.is(store.fed, 3);
});

test('R3: nothing is read while no webhook is enabled', async (t) => {
  const { host, clock, positions, feeder, add, messages } = await start();
  await createDrop(host, 50);
  const running = feeder();
  running.start();
  for (const user of ['ann', 'ben']) await order(host, user);
  await clock.advance(5_000);
  t.deepEqual(running.lag(), []);
  t.is(await positions.load('webhooks', 0), 0);
  const creatorId = 'creator';
  const webhook = await add(creatorId);
  await order(host, 'cat');
  await clock.advance(5_000);
  t.deepEqual(
    (await messages(webhook)).map(({ data }) => data.order.userId),
    ['cat'],
  );
  await running.stop();
});

test('R3: one without room is fed from the journals as it has room, and holds up no other', async (t) => {
  const { host, clock, store, feeder, add, messages } = await start();
  await createDrop(host, 5_000);
  const creatorId = 'creator';
  const full = await add(creatorId);
  const other = await add(creatorId);
  const running = feeder();
  running.start();
  const users = Array.from({ length: WAITING_MAX + 300 }, (_, i) => `u${i}`);
  const taken: string[] = [];
  const take = async (webhook: Webhook) => {
    const waiting = await store.waiting(webhook.id, 10_000);
    if (webhook === full)
      for (const { data } of await messages(webhook)) taken.push(data.order.userId);
    const sent = waiting.map((delivery) => {
      const { revision } = delivery;
      return { ...delivery, state: 'sent', finishedAt: 1, revision: revision + 1 } as const;
    });
    await store.settle(webhook.id, sent, { keptMax: 0, before: 0 });
    return waiting.length;
  };
  let others = 0;
  for (const user of users) {
    await order(host, user);
    if (Number(user.slice(1)) % 100 === 99) {
      await clock.advance(300);
      others += await take(other);
    }
  }
  await clock.advance(2_000);
  others += await take(other);
  t.is(others, users.length, 'the other one was never held up');
  t.deepEqual(
    (await store.lackingKeysOf(full.id)).map(({ key }) => key),
    ['order.confirmed'],
  );
  t.true((await store.waitingCount(full.id)) < WAITING_OF_KEY_MAX + 100);
  for (let i = 0; i < 20 && taken.length < users.length; i++) {
    await take(full);
    await clock.advance(5_000);
  }
  await take(full);
  t.deepEqual(taken, users);
  t.deepEqual(await store.lackingKeysOf(full.id), []);
  await order(host, 'last');
  await clock.advance(2_000);
  t.is((await messages(full))[0]!.data.order.userId, 'last');
  await running.stop();
});

for (const failing of [['d_1'], ['d_1', 'd_3', 'd_4', 'd_5']])
  test(`R3: drops whose calls fail leave room to another one (${failing.length})`, async (t) => {
    const { host, clock, store, feeder, add } = await start();
    for (const id of [...failing, 'd_2']) await createDrop(host, 5_000, { id });
    const webhook = await add('creator', { ordering: 'drop' });
    const running = feeder();
    running.start();
    const count = 2 * WAITING_MAX;
    const users = Array.from({ length: count }, (_, i) => `u${i}`);
    const taken: Record<string, string[]> = {};
    /** As a job does, of drops that are called with success. */
    const take = async (dropIds: readonly string[]) => {
      const waiting = await store.waiting(webhook.id, 10_000);
      const some = waiting.filter(({ key }) => dropIds.includes(key!));
      const bodies = await store.bodies(
        webhook.id,
        some.map(({ id }) => id),
      );
      for (const [i, { key }] of some.entries()) {
        const { data } = JSON.parse(bodies[i]!) as { data: Data };
        (taken[key!] ??= []).push(data.order.userId);
      }
      const sent = some.map((delivery) => {
        const { revision } = delivery;
        return { ...delivery, state: 'sent', finishedAt: 1, revision: revision + 1 } as const;
      });
      await store.settle(webhook.id, sent, { keptMax: 0, before: 0 });
    };
    for (const [i, user] of users.entries()) {
      await host.execute([...failing, 'd_2'].map((dropId) => place(user, 'key', 1, dropId)));
      if (i % 100 !== 99) continue;
      await clock.advance(300);
      await take(['d_2']);
    }
    await clock.advance(2_000);
    await take(['d_2']);
    if (failing.length === 1) t.deepEqual(taken['d_2'], users, 'it was never held up');
    // It may be held for a while, where they leave it less than comes at once.
    for (let i = 0; i < 60 && taken['d_2']!.length < count; i++) {
      await clock.advance(2_000);
      await take(['d_2']);
    }
    t.deepEqual(taken['d_2'], users, 'the other drop goes on while they fail');
    t.true((await store.waitingCount(webhook.id)) < WAITING_SHARED_MAX + 100);
    t.deepEqual(await store.lackingOf(webhook.id), []);
    t.deepEqual(
      (await store.lackingKeysOf(webhook.id)).map(({ key }) => key),
      failing,
    );
    for (let i = 0; i < 120 && failing.some((id) => (taken[id]?.length ?? 0) < count); i++) {
      await take(failing);
      await clock.advance(2_000);
    }
    for (const id of failing)
      t.deepEqual(taken[id], users, 'nothing is missed, and all of it in order');
    t.deepEqual(await store.lackingKeysOf(webhook.id), []);
    await running.stop();
  });

test('R3: an event type that is not taken leaves room to another one, without an order', async (t) => {
  const { host, clock, store, feeder, add, messages } = await start();
  await createDrop(host, 5_000);
  await createDrop(host, 5_000, { id: 'd_2', payment: 'provider', holdSeconds: 3_600 });
  const [failing, other] = ['order.confirmed', 'order.reserved'] as const;
  const webhook = await add('creator', { events: [failing, other] });
  const running = feeder();
  running.start();
  const users = Array.from({ length: 2 * WAITING_OF_KEY_MAX }, (_, i) => `u${i}`);
  const taken: Record<string, string[]> = { [failing]: [], [other]: [] };
  const take = async (type: typeof failing | typeof other) => {
    const waiting = await store.waiting(webhook.id, 10_000);
    const bodies = await messages(webhook);
    for (const body of bodies) if (body.type === type) taken[type]!.push(body.data.order.userId);
    const sent = waiting
      .filter((delivery) => delivery.type === type)
      .map((delivery) => {
        const { revision } = delivery;
        return { ...delivery, state: 'sent', finishedAt: 1, revision: revision + 1 } as const;
      });
    await store.settle(webhook.id, sent, { keptMax: 0, before: 0 });
  };
  for (const [i, user] of users.entries()) {
    await host.execute([place(user), place(user, 'key', 1, 'd_2')]);
    if (i % 50 !== 49) continue;
    await clock.advance(300);
    await take(other);
  }
  await clock.advance(2_000);
  await take(other);
  t.deepEqual(taken[other], users, 'it was never held up');
  const waiting = await store.waitingCount(webhook.id);
  t.true(waiting <= WAITING_OF_KEY_MAX);
  t.like(await store.lackingKeysOf(webhook.id), [{ key: failing, waiting }]);
  t.deepEqual(await store.lackingOf(webhook.id), []);
  // Its order is asked for meanwhile: what it lacks still comes.
  const changed = { ...webhook, ordering: 'drop', revision: webhook.revision + 1 } as const;
  t.true(await store.replace(changed, 'keep'));
  for (let i = 0; i < 60 && taken[failing]!.length < users.length; i++) {
    await take(failing);
    await clock.advance(2_000);
  }
  t.deepEqual(taken[failing], users, 'nothing is missed');
  t.deepEqual(await store.lackingKeysOf(webhook.id), []);
  await running.stop();
});
