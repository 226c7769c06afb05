// What a shard does by itself while an administrator or NTP sets the wall clock: openings, closings
// and ends of holds are wall times, how long a drop was idle is not.

import test from 'ava';
import { ask, createDrop, type Harness, NOW, order, startHost } from './harness.ts';

const HOUR_MS = 3_600_000;
const SECOND_MS = 1000;

async function statusOf({ host }: Harness): Promise<string> {
  const view = await ask(host, { type: 'get-drop', dropId: 'd_1' });
  return view.ok ? view.value.status : view.code;
}

async function orderStatus({ host }: Harness, orderId: string): Promise<string> {
  const seen = await ask(host, { type: 'get-order', dropId: 'd_1', orderId, userId: 'ann' });
  return seen.ok ? seen.value.status : seen.code;
}

test('D2: a drop opens and closes within 1 s after the wall clock is set on', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, clock } = harness;
  const startsAt = NOW + HOUR_MS + SECOND_MS;
  await createDrop(host, 5, { startsAt, endsAt: startsAt + HOUR_MS });
  clock.shiftWall(HOUR_MS);
  await clock.advance(SECOND_MS - 1);
  t.is(await statusOf(harness), 'upcoming');
  await clock.advance(1);
  t.is(await statusOf(harness), 'live');
  clock.shiftWall(HOUR_MS);
  await clock.advance(SECOND_MS);
  t.is(await statusOf(harness), 'ended');
});

test('D2: a drop waits for its time on a wall clock that was set back', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, clock } = harness;
  await createDrop(host, 5, { startsAt: NOW + 10_000, endsAt: NOW + 2 * HOUR_MS });
  clock.shiftWall(-HOUR_MS);
  await clock.advance(HOUR_MS + 10_000 - 1);
  t.is(await statusOf(harness), 'upcoming');
  await clock.advance(1);
  t.is(await statusOf(harness), 'live');
});

test('O11: a hold ends within a second of a wall clock that was set on past its end', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, clock } = harness;
  const terms = { payment: 'provider', holdSeconds: 3600, endsAt: NOW + 9 * HOUR_MS } as const;
  await createDrop(host, 5, terms);
  const { order: held } = await order(host, 'ann');
  await clock.advance(SECOND_MS);
  t.is(await orderStatus(harness, held.id), 'reserved');
  clock.shiftWall(HOUR_MS);
  await clock.advance(SECOND_MS);
  const view = await ask(host, { type: 'get-drop', dropId: 'd_1' });
  t.is(view.ok && view.value.held, 0);
  t.is(await orderStatus(harness, held.id), 'expired');
});

for (const [name, shiftMs] of [
  ['on', HOUR_MS],
  ['back', -HOUR_MS],
] as const) {
  test(`a drop is sealed after 30 s idle, with the wall clock set ${name}`, async (t) => {
    const { host, clock } = await startHost(undefined, 1);
    await createDrop(host, 5, { endsAt: NOW + 10_000 });
    await clock.advance(25_000);
    // A command 15 s after the end: the check 30 s after the end finds it idle for 15 s.
    await order(host, 'ann').catch(() => undefined);
    clock.shiftWall(shiftMs);
    await clock.advance(15_100);
    t.is(host.shards[0]!.dropCount, 1);
    await clock.advance(30_100);
    t.is(host.shards[0]!.dropCount, 0);
  });
}
