// The gateway while the wall clock is set an hour forward or back: limits, ages of views and the
// window of orders use the monotonic clock.

import test from 'ava';
import { success } from '../../domain/refusal.ts';
import type { TokenIdentity, TokenRefusal } from '../../contracts/accounts.ts';
import { drop, fakeVerifyToken, type Fixture, order, startFixture } from './fixture.ts';

const HOUR_MS = 3_600_000;
const SHIFTS = [
  ['an hour on', HOUR_MS],
  ['an hour back', -HOUR_MS],
] as const;
const ORDERS = '/v1/drops/drp_1/orders';

/** Tokens that outlive the hour: their end is wall time. */
function verifyToken(token: string): TokenIdentity | TokenRefusal {
  const identity = fakeVerifyToken(token);
  if (typeof identity === 'string') return identity;
  return { ...identity, expiresAt: identity.expiresAt + 7_200 };
}

async function buy(fixture: Fixture, key: string): Promise<number> {
  const headers = { 'idempotency-key': key };
  const body = { quantity: 1 };
  return (await fixture.request('POST', ORDERS, { as: 'buyer', headers, body })).status;
}

for (const [shifted, shiftMs] of SHIFTS) {
  test(`H5: a limit lasts its time with the wall clock set ${shifted}`, async (t) => {
    const fixture = await startFixture(t, { rateLimits: true, verifyToken });
    fixture.router.answer = () => success({ order, replayed: false });
    for (let i = 0; i < 10; i++) t.is(await buy(fixture, `k${i}`), 201);
    t.is(await buy(fixture, 'k'), 429);
    fixture.wallShiftMs = shiftMs;
    t.is(await buy(fixture, 'k'), 429);
    fixture.time += 1_000;
    t.is(await buy(fixture, 'k'), 201);
  });

  test(`S3: a view is at most a second old with the wall clock set ${shifted}`, async (t) => {
    const fixture = await startFixture(t, { verifyToken });
    const { router } = fixture;
    router.answer = () => success(drop);
    const asked = async (): Promise<number> => {
      const before = router.ofType('get-drop').length;
      t.is((await fixture.request('GET', '/v1/drops/drp_1')).status, 200);
      return router.ofType('get-drop').length - before;
    };
    // The second read waits for the fetch that begins with watching the drop.
    await asked();
    await asked();
    fixture.wallShiftMs = shiftMs;
    fixture.time += 900;
    t.is(await asked(), 0);
    fixture.time += 100;
    t.is(await asked(), 1);
  });

  test(`H6: the window follows reply times with the wall clock set ${shifted}`, async (t) => {
    const fixture = await startFixture(t, { verifyToken });
    const { router } = fixture;
    router.answer = () => success({ order, replayed: false });
    const windowSize = async (): Promise<number> => {
      const { text } = await fixture.request('GET', '/metrics');
      return Number(/^livedrops_orders_waiting_limit (\d+)$/m.exec(text)![1]);
    };
    const before = await windowSize();
    const answersAfter = async (ms: number): Promise<void> => {
      router.commands.length = 0;
      router.holding = true;
      const answers = Array.from({ length: 32 }, (_, i) => buy(fixture, `k${i}`));
      while (router.commands.length < 32) await new Promise(setImmediate);
      fixture.wallShiftMs += shiftMs;
      fixture.time += ms;
      router.release();
      await Promise.all(answers);
    };
    await answersAfter(50);
    t.is(await windowSize(), before);
    await answersAfter(500);
    await answersAfter(500);
    t.true((await windowSize()) < before);
  });
}
