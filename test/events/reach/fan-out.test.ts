// Followers are told of a drop by push: each who wants it and is not online, whatever the services
// and the process do.

import test from 'ava';
import { DEFAULT_PREFERENCES } from '../../../contracts/preferences.ts';
import { type DropJobParams, FOLLOWERS_PER_PAGE } from '../../../events/reach/drop-handlers.ts';
import { NewsQueue } from '../../../events/reach/news-queue.ts';
import { StoreUnavailableError } from '../../../storage/ports/journal.ts';
import { dropView, NOW } from '../../services/harness.ts';
import { CREATOR, dropNews, hangs, reachFixture } from './reach-fixture.ts';

const GOOGLE = 'fcm.googleapis.com';

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
    await reach.addFollower(`u_${i}`, [i % 2 === 0 ? 'well.example' : GOOGLE]);
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
      ? { outcome: 'rate-limited', retryAfterMs: 60_000, reason: 'service-stopped' }
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

test('R1: unknown services that say nothing take a second of a page, and then none', async (t) => {
  const reach = reachFixture();
  await reach.addFollower('v_first', [GOOGLE]);
  await reach.news.add(entry());
  await reach.run();
  for (let i = 0; i < 4 * FOLLOWERS_PER_PAGE - 1; i++)
    await reach.addFollower(`u_${i}`, [i % 10 === 0 ? `h${i % 400}.example` : GOOGLE]);
  await reach.setSpread(0);
  await reach.news.add(entry({ type: 'low-stock' }));
  reach.pushes.answer = (endpoint, signal) =>
    endpoint.includes(GOOGLE) ? { outcome: 'sent' } : hangs(signal);
  const job = (await reach.jobs()).find(({ state }) => state !== 'done')!;
  const handler = reach.handlers.find(({ kind }) => kind === job.kind)!;
  let isDone = false;
  const page = handler.step(job, new AbortController().signal);
  void page.then(() => (isDone = true));
  await reach.clock.advance(999);
  t.false(isDone);
  await reach.clock.advance(1);
  const { cursor, progress } = await page;
  await reach.stores.jobs.replace({ ...job, cursor, progress, revision: job.revision + 1 });
  const began = reach.clock.now();
  await reach.run(3);
  t.is(reach.pushes.received.length, 1 + 3_600);
  t.is(reach.clock.now(), began, 'the pages that follow wait for none of them');
  reach.pushes.answer = () => ({ outcome: 'sent' });
  await reach.run();
  t.is(reach.pushes.counts().size, 4_000, 'they answer again, and are told');
});

test('R1: one browser whose service puts it off for an hour holds up no other', async (t) => {
  const reach = reachFixture();
  for (let i = 0; i < 1_200; i++) await reach.addFollower(`u_${i}`, [GOOGLE]);
  await reach.setSpread(0);
  await reach.news.add(entry());
  const oneIsBusy = ['/u_7', '/u_1100'];
  const times = new Map<string, number>();
  reach.pushes.answer = (endpoint) => {
    const isBusy = oneIsBusy.some((path) => endpoint.endsWith(path));
    if (isBusy && reach.clock.now() < NOW + 3_500_000)
      return { outcome: 'rate-limited', retryAfterMs: 3_500_000, reason: 'status-429' };
    times.set(endpoint, reach.clock.now() - NOW);
    return { outcome: 'sent' };
  };
  await reach.run();
  t.is(times.size, 1_200);
  t.is([...times.values()].filter((ms) => ms === 0).length, 1_198);
  t.true([...reach.pushes.counts().values()].every((count) => count === 1));
});

test('R1: what a service never got uses up none of its attempts', async (t) => {
  const reach = reachFixture();
  for (let i = 0; i < 100; i++) await reach.addFollower(`u_${i}`, [GOOGLE]);
  await reach.news.add(entry());
  const until = NOW + 50 * 60_000;
  reach.pushes.answer = () =>
    reach.clock.now() < until
      ? { outcome: 'rate-limited', retryAfterMs: 60_000, reason: 'service-stopped' }
      : { outcome: 'sent' };
  await reach.run();
  t.is(reach.pushes.counts().size, 100);
  t.like((await reach.jobs())[0], { progress: { done: 100, refused: {} } });
});

test('R1: a process that ends leaves what it has not sent, and puts no service behind', async (t) => {
  const reach = reachFixture();
  const count = FOLLOWERS_PER_PAGE + 100;
  for (let i = 0; i < count; i++) await reach.addFollower(`u_${i}`, [GOOGLE]);
  await reach.setSpread(0);
  await reach.news.add(entry());
  const stop = new AbortController();
  let asked = 0;
  reach.pushes.answer = (_endpoint, signal) => {
    asked += 1;
    if (asked === 300) stop.abort();
    return asked >= 290 ? hangs(signal) : { outcome: 'sent' };
  };
  const [job] = await reach.jobs();
  const handler = reach.handlers.find(({ kind }) => kind === job!.kind)!;
  const { cursor, progress } = await handler.step(job!, stop.signal);
  const stopped = JSON.parse(cursor!) as { behind: unknown[]; retries: { attempts: number }[] };
  t.is(stopped.behind.length, 0);
  t.is(stopped.retries.length, FOLLOWERS_PER_PAGE - 289);
  t.true(stopped.retries.every(({ attempts }) => attempts === 0));
  await reach.stores.jobs.replace({ ...job!, cursor, progress, revision: job!.revision + 1 });
  reach.pushes.answer = () => ({ outcome: 'sent' });
  const before = reach.clock.now();
  await reach.run();
  t.is(reach.pushes.received.length, count);
  t.is(reach.pushes.counts().size, count);
  t.true(reach.clock.now() - before <= 2_000);
});

test('R1: a page that a fault of the store ends has nothing under way when it fails', async (t) => {
  const reach = reachFixture();
  for (let i = 0; i < 500; i++) await reach.addFollower(`u_${i}`, [GOOGLE]);
  await reach.news.add(entry());
  let underWay = 0;
  reach.pushes.answer = async (endpoint, signal) => {
    if (endpoint.endsWith('/u_98')) throw new StoreUnavailableError('no keys');
    underWay += 1;
    const result = await hangs(signal);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return result;
  };
  const [job] = await reach.jobs();
  const handler = reach.handlers.find(({ kind }) => kind === job!.kind)!;
  const step = handler.step(job!, new AbortController().signal);
  const failed = t.throwsAsync(step, { message: 'no keys' });
  await reach.clock.advance(5_000);
  await failed;
  t.is(underWay, 0);
});

test('R1: an event whose jobs were made in part gets the rest of the same division', async (t) => {
  const reach = reachFixture();
  let followers = 120_000;
  let room = 2;
  const add = reach.queue.add.bind(reach.queue);
  reach.queue.add = async (job, bounds) => {
    if (room === 0) throw new StoreUnavailableError('away');
    room -= 1;
    return await add(job, bounds);
  };
  const news = new NewsQueue({
    queue: reach.queue,
    follows: { counts: async () => ({ followers, following: 0 }) },
    recipients: reach.stores.recipients,
  });
  await t.throwsAsync(news.add(entry()), { code: 'store-unavailable' });
  followers = 310_000;
  room = 100;
  await news.add(entry());
  const params = (await reach.jobs()).map((job) => job.params as DropJobParams);
  t.deepEqual(
    params.map(({ part }) => part).toSorted((a, b) => a - b),
    [0, 1, 2],
  );
  t.true(params.every((one) => one.parts === 3 && one.followers === 120_000));
});
