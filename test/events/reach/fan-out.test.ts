// Followers are told of a drop by push: each who wants it and is not online, whatever the services
// and the process do.

import test from 'ava';
import { DEFAULT_PREFERENCES } from '../../../contracts/preferences.ts';
import { FOLLOWERS_PER_PAGE } from '../../../events/reach/drop-handlers.ts';
import { dropView, NOW } from '../../services/harness.ts';
import { CREATOR, dropNews, hangs, reachFixture } from './reach-fixture.ts';

const entry = (change = {}) => ({ place: '3-7', drops: [dropNews(change)], orders: [] });

test('R1: each follower with a browser is told once, page by page', async (t) => {
  const reach = reachFixture();
  for (let i = 0; i < 2_500; i++)
    await reach.addFollower(`u_${i}`, i % 5 === 0 ? ['one.example', 'two.example'] : []);
  await reach.stores.catalogue.addProduct({
    id: 'p_1',
    creatorId: CREATOR,
    name: 'A red kettle',
    description: '',
    imageUrls: [],
    createdAt: NOW,
    revision: 1,
  });
  await reach.news.add(entry());
  await reach.news.add(entry());
  t.is((await reach.jobs()).length, 1, 'an event that comes again makes no job');
  await reach.run();
  t.is(reach.pushes.received.length, 1_000);
  t.true([...reach.pushes.counts().values()].every((count) => count === 1));
  const { content, message } = reach.pushes.received[0]!;
  const { endsAt } = dropView();
  t.deepEqual(content, {
    type: 'drop-started',
    at: NOW,
    dropId: 'd_1',
    creatorId: CREATOR,
    name: 'A red kettle',
    url: 'https://shop.example/drops/d_1',
    endsAt,
  });
  t.like(message, { urgency: 'high' });
  t.regex(message.topic!, /^[\w-]{32}$/);
  t.true(message.ttlSeconds > 3_500 && message.ttlSeconds <= 3_600);
  const [job] = await reach.jobs();
  t.like(job, { state: 'done', progress: { done: 1_000, refused: {}, left: 0 } });
});

test('R2: who is online, has muted the creator or does not want it is passed over', async (t) => {
  const reach = reachFixture();
  const service = ['one.example'];
  const withPreferences = (change: object) => ({
    preferences: { ...DEFAULT_PREFERENCES, ...change },
  });
  await reach.addFollower('u_wants', service);
  await reach.addFollower('u_online', service);
  await reach.addFollower('u_muted', service, withPreferences({ mutedCreators: [CREATOR] }));
  const push = { ...DEFAULT_PREFERENCES.push, dropStarted: false };
  await reach.addFollower('u_other-kinds', service, withPreferences({ push }));
  reach.online.add('u_online');
  await reach.news.add(entry());
  await reach.run();
  t.deepEqual([...reach.pushes.counts().keys()], ['https://one.example/u_wants']);
  const low = { type: 'low-stock', place: '3-8-0' };
  await reach.news.add(entry(low));
  await reach.run();
  const told = reach.pushes.received.slice(1).map(({ endpoint }) => endpoint);
  t.deepEqual(told.toSorted(), [
    'https://one.example/u_other-kinds',
    'https://one.example/u_wants',
  ]);
});

test('R1: a fan-out ends once it is moot: sold out, paused, over or gone', async (t) => {
  for (const view of [
    dropView({ free: 0, sold: 10, soldOut: true }),
    dropView({ paused: true }),
    dropView({ status: 'ended' }),
    dropView({ status: 'cancelled' }),
    null,
  ]) {
    const reach = reachFixture();
    for (let i = 0; i < FOLLOWERS_PER_PAGE + 1; i++)
      await reach.addFollower(`u_${i}`, ['one.example']);
    await reach.news.add(entry());
    await reach.run(1);
    t.is(reach.pushes.received.length, FOLLOWERS_PER_PAGE);
    reach.setDrop(view);
    await reach.run();
    t.is(reach.pushes.received.length, FOLLOWERS_PER_PAGE);
    t.like((await reach.jobs())[0], { state: 'done', progress: { refused: { moot: 1 } } });
  }
});

test('R1: one service that hangs delays no other, and gets all later', async (t) => {
  const reach = reachFixture();
  for (let i = 0; i < 3_000; i++)
    await reach.addFollower(`u_${i}`, [i % 2 === 0 ? 'well.example' : 'hangs.example']);
  await reach.setSpread(0);
  await reach.news.add(entry());
  let asked = 0;
  reach.pushes.answer = (endpoint, signal) => {
    if (endpoint.startsWith('https://well.')) return { outcome: 'sent' };
    asked += 1;
    return hangs(signal);
  };
  for (let i = 0; i < 3; i++) {
    const step = reach.run(1);
    await reach.clock.advance(5_000);
    await step;
  }
  t.is(reach.pushes.received.length, 1_500, 'the others have theirs after three pages');
  t.true(asked <= 500, `the silent one was asked in one page only: ${asked}`);
  reach.pushes.answer = () => ({ outcome: 'sent' });
  await reach.run();
  t.is(reach.pushes.received.length, 3_000);
  t.true([...reach.pushes.counts().values()].every((count) => count === 1));
});

test('R1: a service that says 429 is left alone for as long as it says', async (t) => {
  const reach = reachFixture();
  for (let i = 0; i < 1_200; i++) await reach.addFollower(`u_${i}`, ['a.example', 'b.example']);
  await reach.news.add(entry());
  const asked: number[] = [];
  reach.pushes.answer = (endpoint) => {
    if (endpoint.startsWith('https://a.')) return { outcome: 'sent' };
    asked.push(reach.clock.now());
    return reach.clock.now() < NOW + 60_000
      ? { outcome: 'rate-limited', retryAfterMs: 60_000 }
      : { outcome: 'sent' };
  };
  await reach.run();
  t.is(reach.pushes.received.length, 2_400);
  t.true([...reach.pushes.counts().values()].every((count) => count === 1));
  const early = asked.filter((at) => at < NOW + 60_000);
  t.true(early.length <= 400, `${early.length} asked before it was time`);
});

test('R1: a browser that is gone is removed, and what cannot be sent is counted', async (t) => {
  const reach = reachFixture();
  await reach.addFollower('u_gone', ['gone.example', 'one.example']);
  await reach.addFollower('u_large', ['large.example']);
  await reach.addFollower('u_bad', ['bad.example']);
  await reach.news.add(entry());
  reach.pushes.answer = (endpoint) => {
    if (endpoint.includes('gone.')) return { outcome: 'gone', reason: 'status-410' };
    if (endpoint.includes('large.')) return { outcome: 'too-large' };
    if (endpoint.includes('bad.')) return { outcome: 'failed', reason: 'status-400' };
    return { outcome: 'sent' };
  };
  await reach.run();
  const found = await reach.stores.recipients.find('u_gone');
  t.deepEqual(
    found?.subscriptions.map(({ endpoint }) => endpoint),
    ['https://one.example/u_gone'],
  );
  t.like((await reach.jobs())[0], {
    state: 'done',
    progress: { done: 1, refused: { gone: 1, 'too-large': 1, 'status-400': 1 }, left: 0 },
  });
  t.deepEqual(
    reach.counts
      .samples()
      .map(({ outcome, count }) => `${outcome} ${count}`)
      .toSorted(),
    ['gone 1', 'sent 1', 'status-400 1', 'too-large 1'],
  );
});

test('R1: a step that is done again after a crash repeats at most its page', async (t) => {
  const reach = reachFixture();
  const count = 2 * FOLLOWERS_PER_PAGE + 300;
  for (let i = 0; i < count; i++) await reach.addFollower(`u_${i}`, ['one.example']);
  await reach.news.add(entry());
  await reach.run(1);
  const [job] = await reach.jobs();
  const handler = reach.handlers.find(({ kind }) => kind === job!.kind)!;
  await reach.clock.advance(60_000);
  // Sent, and not stored: the process was killed in between.
  await handler.step(job!, new AbortController().signal);
  await reach.run();
  t.is(reach.pushes.counts().size, count, 'nobody is missed');
  t.is(reach.pushes.received.length, count + FOLLOWERS_PER_PAGE);
});

test('R1: the pushes of one event are spread over what the creator chose', async (t) => {
  const reach = reachFixture();
  for (let i = 0; i < 4 * FOLLOWERS_PER_PAGE; i++)
    await reach.addFollower(`u_${i}`, ['one.example']);
  await reach.setSpread(400);
  await reach.news.add(entry());
  const times = new Set<number>();
  reach.pushes.answer = () => {
    times.add(reach.clock.now() - NOW);
    return { outcome: 'sent' };
  };
  await reach.run();
  t.deepEqual(
    [...times].map((ms) => Math.round(ms / 1_000)),
    [0, 100, 200, 300],
  );
  t.is(reach.pushes.received.length, 4 * FOLLOWERS_PER_PAGE);
});

test('R1: parts of the followers of a great creator make the whole, each once', async (t) => {
  const reach = reachFixture();
  for (let i = 0; i < 2_000; i++) await reach.addFollower(`u_${i}`, ['one.example']);
  const params = { ...dropNews(), parts: 4, followers: 2_000, spreadMs: 0 };
  for (let part = 0; part < 4; part++)
    await reach.queue.add({
      id: `push_${part}`,
      kind: 'push-drop',
      callerId: `followers/${part}`,
      subject: 'd_1',
      params: { ...params, part },
      total: null,
    });
  await reach.run();
  t.is(reach.pushes.received.length, 2_000);
  t.is(reach.pushes.counts().size, 2_000);
});

test('R1: what comes about by itself is told once in ten minutes, what is decided each time', async (t) => {
  const reach = reachFixture();
  await reach.addFollower('u_1', ['one.example']);
  const slot = Math.ceil(NOW / 600_000) * 600_000;
  const back = (at: number, isDecided: boolean) =>
    entry({ type: 'back-in-stock', at, isDecided, place: `3-${at}-0` });
  await reach.news.add(back(slot, false));
  await reach.news.add(back(slot + 599_000, false));
  await reach.news.add(back(slot + 600_000, false));
  t.is((await reach.jobs()).length, 2);
  await reach.news.add(back(slot + 1, true));
  await reach.news.add(back(slot + 2, true));
  t.is((await reach.jobs()).length, 4);
});
