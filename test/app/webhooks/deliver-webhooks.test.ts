// The job that calls a webhook: what it sends, in which order, when again, and when it gives up.
// Calls are answered by the test; the clock is the test's, so that a day passes at once.

import test from 'ava';
import pino from 'pino';
import { DeliverWebhooksHandler } from '../../../app/webhooks/deliver-webhooks.ts';
import { WebhookMeter } from '../../../app/webhooks/webhook-meter.ts';
import type { Job } from '../../../contracts/jobs.ts';
import type { Webhook } from '../../../contracts/webhooks.ts';
import { claimed, stepped } from '../../../events/jobs/job.ts';
import { JobQueue } from '../../../events/jobs/job-queue.ts';
import type {
  OutboundCall,
  OutboundNoReply,
  OutboundReply,
} from '../../../events/outbound/outbound-client.ts';
import { WebhookJobs } from '../../../events/webhooks/webhook-jobs.ts';
import { MemoryJobStore } from '../../../storage/memory/jobs-memory.ts';
import { MemoryWebhooks } from '../../../storage/memory/webhooks-memory.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { messageOf, webhookOf } from '../../storage/contract/webhooks.ts';

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
type Answer = OutboundReply | OutboundNoReply;

const status = (code: number, headers: Readonly<Record<string, string>> = {}): Answer => {
  return { ok: true, status: code, headers, body: Buffer.from(''), isWhole: true };
};
const TIMEOUT: Answer = { ok: false, failure: 'timeout', detail: 'It took too long.' };

async function start(change: Partial<Webhook> = {}) {
  const clock = new ManualClock(NOW);
  const webhooks = new MemoryWebhooks();
  const jobs = new MemoryJobStore();
  const log = pino({ level: 'silent' });
  const webhook = webhookOf('ann', change);
  await webhooks.add(webhook, [0]);
  const queue = new JobQueue({ jobs, now: () => clock.now() });
  const webhookJobs = new WebhookJobs({ queue, webhooks, clock, log });
  await webhookJobs.begin(webhook);
  const sent: string[] = [];
  const notices: string[] = [];
  const world = {
    clock,
    webhooks,
    webhook,
    sent,
    notices,
    answer: (_messageId: string, _call: OutboundCall): Answer | Promise<Answer> => status(200),
    meter: new WebhookMeter({
      webhooks,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
    }),
  };
  const handler = new DeliverWebhooksHandler({
    ...world,
    outbound: {
      call: async (call) => {
        const messageId = call.headers!['webhook-id']!;
        sent.push(messageId);
        return await world.answer(messageId, call);
      },
    },
    notify: async ({ id }) => void notices.push(id),
    log,
    random: () => 0,
  });
  const find = async (): Promise<Job> =>
    (await jobs.list({}, { limit: 1, cursor: null })).items[0]!;
  /** One step, and what it stored. The rest that keeps the rate passes. */
  const step = async (): Promise<Job> => {
    const job = claimed(await find(), clock.now());
    await jobs.replace(job);
    const stage = { isOver: false };
    const stepping = handler.step(job, new AbortController().signal).finally(() => {
      stage.isOver = true;
    });
    while (!stage.isOver) await clock.advance(10);
    const done = stepped(job, await stepping, clock.now());
    // Stores keep times as whole milliseconds, and refuse others.
    if (!Number.isInteger(done.dueAt ?? 0)) throw new Error(`due at ${done.dueAt}`);
    await jobs.replace(done);
    return done;
  };
  /** Steps until nothing is due. */
  const settle = async (): Promise<Job> => {
    for (let i = 0; i < 200; i++) {
      const job = await step();
      const rests = job.state === 'queued' && job.dueAt! > clock.now() + 1_000;
      if (job.state === 'done' || rests) return job;
    }
    throw new Error('the job never rests');
  };
  const feed = async (...names: readonly (readonly [name: string, key: string | null])[]) => {
    const messages = names.map(([name, key]) => messageOf(name, { key, occurredAt: NOW }));
    const sequence = (await webhooks.fedThrough())[0]! + 1;
    await webhooks.feed([{ webhookId: webhook.id, shard: 0, sequence, messages }]);
  };
  const states = async () => {
    const { items } = await webhooks.deliveries(webhook.id, null, { limit: 100, cursor: null });
    return Object.fromEntries(items.map(({ messageId, state }) => [messageId, state]));
  };
  return Object.assign(world, { handler, step, settle, feed, states, find });
}

test('R3: what waits is sent once, and the job rests until it is woken', async (t) => {
  const world = await start();
  await world.feed(['a', null], ['b', null], ['c', null]);
  const job = await world.settle();
  t.deepEqual(world.sent.toSorted(), ['msg_a', 'msg_b', 'msg_c']);
  t.deepEqual(await world.states(), { msg_a: 'sent', msg_b: 'sent', msg_c: 'sent' });
  t.is(job.state, 'queued');
  t.is(job.progress.done, 3);
  t.like(world.meter.sample(), { sent: 3, failed: {}, oldestMs: 0 });
});

test('R3: a failure holds back the later ones of its key only, and keeps their order', async (t) => {
  const world = await start({ ordering: 'drop' });
  world.answer = (id) => status(id === 'msg_a1' ? 500 : 204);
  await world.feed(['a1', 'a'], ['b1', 'b'], ['a2', 'a'], ['b2', 'b']);
  await world.settle();
  t.false(world.sent.includes('msg_a2'));
  t.deepEqual(
    world.sent.filter((id) => id.startsWith('msg_b')),
    ['msg_b1', 'msg_b2'],
  );
  world.answer = () => status(204);
  world.clock.shiftWall(10_000);
  await world.settle();
  t.deepEqual(
    world.sent.filter((id) => id.startsWith('msg_a')),
    ['msg_a1', 'msg_a1', 'msg_a2'],
  );
});

test('R3: one that fails is tried for 24 hours; then its webhook is disabled, with a notice', async (t) => {
  const world = await start();
  world.answer = () => TIMEOUT;
  await world.feed(['a', null], ['b', null]);
  const times: number[] = [];
  for (let i = 0; i < 400 && (await world.find()).state !== 'done'; i++) {
    const before = world.sent.length;
    const job = await world.settle();
    if (world.sent.length > before) times.push(world.clock.now() - NOW);
    if (job.dueAt !== null) world.clock.shiftWall(Math.max(job.dueAt - world.clock.now(), 0));
  }
  const disabled = await world.webhooks.find(world.webhook.id);
  t.like(disabled, { enabled: false, disabledReason: 'failing', noticeIsDue: false });
  const last = times.at(-1)!;
  t.true(last >= 24 * HOUR_MS && last < 25 * HOUR_MS, `the last attempt was after ${last} ms`);
  t.true(world.sent.length < 60, `${world.sent.length} calls of a dead endpoint`);
  t.deepEqual(world.notices, [world.webhook.id]);
  t.deepEqual(await world.states(), { msg_a: 'failed', msg_b: 'failed' });
  t.like(world.meter.sample().failed, { timeout: world.sent.length });
});

test('R3: where others are taken, only the one that fails is given up', async (t) => {
  const world = await start();
  world.answer = (id) => status(id === 'msg_bad' ? 400 : 200);
  await world.feed(['bad', null]);
  for (let i = 0; i < 60; i++) {
    await world.feed([`good${i}`, null]);
    await world.settle();
    world.clock.shiftWall(HOUR_MS / 2);
  }
  const { msg_bad: bad, ...others } = await world.states();
  t.is(bad, 'failed');
  t.deepEqual(new Set(Object.values(others)), new Set(['sent']));
  t.true((await world.webhooks.find(world.webhook.id))!.enabled);
  t.deepEqual(world.notices, []);
});

test('R3: an endpoint that fails is tried with one call at a time, and gets all once it answers', async (t) => {
  const world = await start();
  world.answer = () => status(503);
  await world.feed(...Array.from({ length: 100 }, (_, i) => [`m${i}`, null] as const));
  await world.settle();
  const atFirst = world.sent.length;
  t.true(atFirst <= 32);
  for (let i = 0; i < 5; i++) {
    world.clock.shiftWall(10 * 60_000);
    const before = world.sent.length;
    await world.settle();
    t.is(world.sent.length, before + 1);
  }
  world.answer = () => status(200);
  world.clock.shiftWall(HOUR_MS);
  await world.settle();
  t.deepEqual(new Set(Object.values(await world.states())), new Set(['sent']));
});

for (const ordering of ['none', 'drop'] as const)
  test(`R3: what is never taken delays nothing else, with ordering ${ordering}`, async (t) => {
    const world = await start({ ordering });
    const isOfBad = (id: string) => id.startsWith('msg_bad');
    world.answer = (id) => status(isOfBad(id) ? 500 : 204);
    const feed = async (name: string, isBad: boolean) => {
      const type = isBad ? 'order.reserved' : 'order.confirmed';
      const key = ordering === 'none' ? null : `d_${isBad ? name : 'good'}`;
      const message = messageOf(name, { type, key, occurredAt: NOW });
      const sequence = (await world.webhooks.fedThrough())[0]! + 1;
      const entry = { webhookId: world.webhook.id, shard: 0, sequence, messages: [message] };
      await world.webhooks.feed([entry]);
    };
    for (let i = 0; i < 8; i++) await feed(`bad-${i}`, true);
    // Minutes of failures: by then a probe is made every ten minutes.
    for (let i = 0; i < 30; i++) {
      await world.settle();
      world.clock.shiftWall(60_000);
    }
    for (let i = 0; i < 20; i++) {
      await feed(`bad-more-${i}`, true);
      await feed(`good-${i}`, false);
      await world.settle();
      t.true(world.sent.includes(`msg_good-${i}`), `${i}`);
    }
    const bad = world.sent.filter(isOfBad).length;
    t.true(bad < 200, `${bad} calls that were not taken`);
    t.is(world.sent.filter((id) => id.startsWith('msg_good')).length, 20);
  });

test('R3: Retry-After holds back all calls of the webhook, for an hour at most', async (t) => {
  const world = await start();
  world.answer = () => status(429, { 'retry-after': '120' });
  await world.feed(['a', null]);
  await world.settle();
  await world.feed(['b', null]);
  world.clock.shiftWall(60_000);
  await world.settle();
  t.deepEqual(world.sent, ['msg_a']);
  world.answer = () => status(503, { 'retry-after': '999999' });
  world.clock.shiftWall(60_000);
  await world.settle();
  t.is(world.sent.length, 3);
  world.answer = () => status(200);
  world.clock.shiftWall(HOUR_MS + 60_000);
  await world.settle();
  t.deepEqual(new Set(Object.values(await world.states())), new Set(['sent']));
});

test('R3: 410 disables at once, and what waits is given up', async (t) => {
  const world = await start();
  world.answer = () => status(410);
  await world.feed(...Array.from({ length: 40 }, (_, i) => [`m${i}`, null] as const));
  const job = await world.settle();
  t.is(job.state, 'done');
  t.true(world.sent.length <= 32);
  t.like(await world.webhooks.find(world.webhook.id), { enabled: false, disabledReason: 'gone' });
  t.deepEqual(new Set(Object.values(await world.states())), new Set(['failed']));
});

test('R3: a call whose outcome is not known is made again, with the same id and signature', async (t) => {
  const world = await start();
  const signatures: string[] = [];
  world.answer = (_, { headers }) => {
    signatures.push(headers!['webhook-signature']!);
    return { ok: false, failure: 'aborted', detail: '' };
  };
  await world.feed(['a', null]);
  await world.step();
  t.deepEqual(await world.states(), { msg_a: 'waiting' });
  world.answer = (_, { headers }) => {
    signatures.push(headers!['webhook-signature']!);
    return status(200);
  };
  await world.settle();
  t.deepEqual(world.sent, ['msg_a', 'msg_a']);
  t.regex(signatures[0]!, /^v1,/);
});

test('R3: calls keep to the rate of the webhook', async (t) => {
  const world = await start({ ratePerSecond: 10 });
  await world.feed(...Array.from({ length: 25 }, (_, i) => [`m${i}`, null] as const));
  const job = await world.find();
  const stepping = world.handler.step(job, new AbortController().signal);
  let isOver = false;
  void stepping.then(() => {
    isOver = true;
  });
  await world.clock.advance(900);
  t.is(world.sent.length, 10);
  t.false(isOver);
  await world.clock.advance(200);
  t.true(isOver);
});
