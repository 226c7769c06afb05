// Which events are news, and for whom; and how buyers and followers are told by push and mail.

import test from 'ava';
import { DEFAULT_PREFERENCES } from '../../../contracts/preferences.ts';
import type { DropEvent } from '../../../contracts/drop-events.ts';
import { type Fact, reviveFact } from '../../../actors/shard/facts.ts';
import { PreferencesUseCases } from '../../../app/preferences.ts';
import { MailDeferredError, MailRefusedError } from '../../../events/mail/mail-sender.ts';
import { messageOf } from '../../../events/mail/mail-message.ts';
import { dropNewsOf, orderNewsOf } from '../../../events/reach/news.ts';
import { newsConsumer } from '../../../events/reach/news-consumer.ts';
import type { EntryNews } from '../../../events/reach/news-queue.ts';
import { MemoryConsumerPositions } from '../../../storage/memory/consumer-positions-memory.ts';
import { dropView, NOW, orderView } from '../../services/harness.ts';
import { dropNews, reachFixture } from './reach-fixture.ts';

function fact(event: DropEvent, drop = dropView(), order = orderView()): Fact {
  const { held, sold, free: _, soldOut: __, version, ...terms } = drop;
  const of = 'ordinal' in event || event.type === 'order-placed' ? order : null;
  return reviveFact({ index: 0, event, order: of, terms, held, sold, version });
}

const placed = (quantity: number): DropEvent => ({
  type: 'order-placed',
  userId: 'u_buyer',
  key: 'k',
  quantity,
});

test('R1, D10: the moments of a drop that are news', (t) => {
  const typeOf = (event: DropEvent, drop = dropView()) =>
    dropNewsOf(fact(event, drop), '1-2-0', NOW)?.type ?? null;
  t.is(typeOf({ type: 'drop-opened' }), 'drop-started');
  t.is(typeOf({ type: 'drop-closed' }, dropView({ status: 'ended' })), null);
  t.is(typeOf(placed(1), dropView({ stocked: 100, held: 89, free: 11 })), null);
  t.is(typeOf(placed(1), dropView({ stocked: 100, held: 90, free: 10 })), 'low-stock');
  t.is(typeOf(placed(1), dropView({ stocked: 100, held: 91, free: 9 })), null);
  t.is(typeOf(placed(2), dropView({ stocked: 100, held: 91, free: 9 })), 'low-stock');
  t.is(typeOf({ type: 'drop-restocked', units: 5 }, dropView({ held: 5 })), 'back-in-stock');
  const expired = { type: 'order-expired', ordinal: 0 } as const;
  t.is(typeOf(expired, dropView({ stocked: 10, held: 9 })), 'back-in-stock');
  t.is(typeOf(expired, dropView({ stocked: 10, held: 8 })), null);
  t.is(typeOf({ type: 'drop-opened' }, dropView({ unlisted: true })), null, 'nobody is told');
  const back = dropNewsOf(fact(expired, dropView({ stocked: 10, held: 9 })), '1-2-0', NOW);
  t.false(back?.isDecided);
});

test('R1: the moments of an order that are news for its buyer', (t) => {
  const typeOf = (event: DropEvent, order = orderView()) =>
    orderNewsOf(fact(event, dropView(), order), NOW)?.type ?? null;
  const confirmed = orderView({ status: 'confirmed' });
  const reference = 'pay_1';
  t.is(typeOf(placed(1)), null);
  t.is(typeOf(placed(1), confirmed), 'order-confirmed');
  t.is(typeOf({ type: 'order-confirmed', ordinal: 0, reference }, confirmed), 'order-confirmed');
  t.is(typeOf({ type: 'order-refunded', ordinal: 0 }), 'order-refunded');
  t.is(typeOf({ type: 'order-failed', ordinal: 0, reference }), 'payment-failed');
  t.is(typeOf({ type: 'payment-declined', ordinal: 0, reference }), 'payment-failed');
  t.is(typeOf({ type: 'order-expired', ordinal: 0 }), null);
  t.is(typeOf({ type: 'drop-opened' }), null);
});

test('R1: only buyers who are reached make work, once for each entry, and old news none', async (t) => {
  const reach = reachFixture();
  await reach.addFollower('u_buyer', ['one.example']);
  const told: EntryNews[] = [];
  const positions = new MemoryConsumerPositions();
  const consumer = newsConsumer({
    positions,
    ...reach.stores,
    tell: async (news) => void told.push(news),
    now: () => NOW,
  });
  const confirmed = orderView({ status: 'confirmed' });
  const facts = [
    fact(placed(1), dropView(), confirmed),
    fact(placed(1), dropView(), { ...confirmed, id: 'd_1-1', userId: 'u_nobody' }),
  ];
  const batch = { shard: 4, facts };
  await consumer.consume([
    { ...batch, sequence: 6, time: NOW - 25 * 3_600_000 },
    { ...batch, sequence: 7, time: NOW },
    { shard: 4, sequence: 8, time: NOW - 3_700_000, facts: [fact({ type: 'drop-opened' })] },
  ]);
  t.is(told.length, 1);
  t.is(told[0]!.place, '4-7');
  t.deepEqual(
    told[0]!.orders.map(({ userId }) => userId),
    ['u_buyer'],
  );
  t.is(await positions.load('news', 4), 8);
  for (let i = 0; i < 2; i++) await reach.news.add(told[0]!);
  await reach.run();
  t.is((await reach.jobs()).length, 1);
  t.is(reach.pushes.received.length, 1);
  t.like(reach.pushes.received[0]!.content, {
    type: 'order-confirmed',
    orderId: 'd_1-0',
    url: 'https://shop.example/orders/d_1-0',
  });
});

test('R2: buyers who want it are told by mail, to a confirmed address, and can end it', async (t) => {
  const reach = reachFixture();
  const preferences = { ...DEFAULT_PREFERENCES, mail: { orders: true, dropAnnounced: false } };
  for (const userId of ['u_ann', 'u_bob', 'u_eve']) {
    await reach.addFollower(userId, [], {
      preferences: userId === 'u_eve' ? DEFAULT_PREFERENCES : preferences,
      unsubscribeSecret: 'secret',
    });
    await reach.stores.accounts.addUser({
      id: userId,
      email: `${userId}@example.com`,
      name: userId,
      passwordHash: '',
      roles: [],
      createdAt: NOW,
      ...(userId !== 'u_bob' && { emailConfirmed: true }),
      ...(userId === 'u_ann' && { language: 'de' }),
    });
  }
  const news = (userId: string, i: number) => ({
    ...dropNews(),
    type: 'order-refunded' as const,
    userId,
    orderId: `d_1-${i}`,
  });
  const orders = ['u_ann', 'u_bob', 'u_eve'].map(news);
  await reach.news.add({ place: '5-1', drops: [], orders });
  await reach.run();
  t.is(reach.mails.mails.length, 1);
  const [mail] = reach.mails.mails;
  t.like(mail, { to: 'u_ann@example.com', language: 'de' });
  t.regex(mail!.subject, /^Ihre Bestellung wurde erstattet/);
  t.true(mail!.text.includes('https://shop.example/orders/d_1-0'));
  t.true(mail!.text.includes(mail!.unsubscribeUrl!));
  const { headers } = messageOf(mail!, 'shop@example.com');
  t.like(headers, {
    'List-Unsubscribe': `<${mail!.unsubscribeUrl}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  });
  const token = new URL(mail!.unsubscribeUrl!).searchParams.get('token')!;
  const useCases = new PreferencesUseCases({ ...reach.stores, random: () => new Uint8Array(16) });
  t.true((await useCases.unsubscribe({ token })).ok);
  await reach.news.add({ place: '5-2', drops: [], orders });
  await reach.run();
  t.is(reach.mails.mails.length, 1);
});

/** With addresses, and wishing for mails. */
async function addMailFollowers(reach: ReturnType<typeof reachFixture>): Promise<void> {
  const mail = { orders: false, dropAnnounced: true };
  for (let i = 0; i < 250; i++) {
    const id = `u_${i}`;
    await reach.addFollower(id, ['one.example'], {
      preferences: { ...DEFAULT_PREFERENCES, mail },
      unsubscribeSecret: 'secret',
    });
    await reach.stores.accounts.addUser({
      id,
      email: `${id}@example.com`,
      name: id,
      passwordHash: '',
      roles: [],
      createdAt: NOW,
      emailConfirmed: true,
    });
  }
}

test('R2: followers who want it hear by mail that a drop was announced, through an outage', async (t) => {
  const reach = reachFixture();
  await addMailFollowers(reach);
  reach.mails.before = ({ to }) => {
    if (to === 'u_7@example.com') throw new MailRefusedError('no such mailbox');
    if (reach.clock.now() < NOW + 120_000) throw new Error('the server is away');
  };
  await reach.news.add({ place: '1-1', drops: [dropNews({ type: 'drop-announced' })], orders: [] });
  reach.setDrop(dropView({ status: 'upcoming' }));
  await reach.run();
  t.is(reach.mails.mails.length, 249);
  t.is(new Set(reach.mails.mails.map(({ to }) => to)).size, 249);
  t.is(reach.pushes.received.length, 0);
  t.like((await reach.jobs())[0], {
    state: 'done',
    progress: { done: 249, refused: { refused: 1 } },
  });
});

test('R2: some whose server puts mails off hold up nobody, and are given up at last', async (t) => {
  const reach = reachFixture();
  await addMailFollowers(reach);
  let tries = 0;
  reach.mails.before = ({ to }) => {
    if (!to.startsWith('u_24')) return;
    tries += 1;
    throw new MailDeferredError('come again');
  };
  await reach.news.add({ place: '1-1', drops: [dropNews({ type: 'drop-announced' })], orders: [] });
  reach.setDrop(dropView({ status: 'upcoming' }));
  await reach.run(3);
  t.is(reach.clock.now(), NOW);
  t.is(reach.mails.mails.length, 239);
  await reach.run();
  t.is(tries, 11 * 13);
  t.is(reach.mails.mails.length, 239);
  t.like((await reach.jobs())[0], { state: 'done', progress: { refused: { 'given-up': 11 } } });
});

test('R2: a process that ends waits for no mail, and only those under way may come twice', async (t) => {
  const reach = reachFixture();
  await addMailFollowers(reach);
  await reach.news.add({ place: '1-1', drops: [dropNews({ type: 'drop-announced' })], orders: [] });
  const [job] = await reach.jobs();
  const handler = reach.handlers.find(({ kind }) => kind === job!.kind)!;
  const stop = new AbortController();
  const send = reach.mails.send.bind(reach.mails);
  reach.mails.send = async (mail) => {
    await send(mail);
    if (reach.mails.mails.length < 50) return;
    stop.abort();
    await new Promise(() => undefined);
  };
  const { cursor, progress } = await handler.step(job!, stop.signal);
  await reach.stores.jobs.replace({ ...job!, cursor, progress, revision: job!.revision + 1 });
  reach.mails.send = send;
  await reach.run();
  t.is(new Set(reach.mails.mails.map(({ to }) => to)).size, 250);
  t.true(reach.mails.mails.length <= 254, `${reach.mails.mails.length}`);
});
