// Which sessions a gateway refuses: told over the bus, read from the store, and past the bounds.

import test, { type ExecutionContext } from 'ava';
import { SESSIONS_TOPIC } from '../../actors/live-bus.ts';
import { Authenticator } from '../../gateway/http/auth.ts';
import { EndedSessions } from '../../gateway/http/ended-sessions.ts';
import { RateLimits } from '../../gateway/http/rate-limits.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import type { SessionStore } from '../../storage/ports/sessions.ts';
import { LossyBus, ManualClock } from './live/live-harness.ts';

const LIFETIME_SECONDS = 900;

function setUp(t: ExecutionContext, { countMax = 100, endedSessionsMax = 100 } = {}) {
  const stores = memoryStores({ endedSessionsMax });
  const clock = new ManualClock();
  const bus = new LossyBus();
  const warnings: string[] = [];
  const log = { warn: (_: object, message: string) => void warnings.push(message) };
  const sessions: Pick<SessionStore, 'ended'> = {
    ended: (...page) => stores.sessions.ended(...page),
  };
  const ended = new EndedSessions({ bus, sessions, clock, log, countMax });
  t.teardown(() => ended.stop());
  const end = async (...ids: string[]) => {
    const endedAt = clock.now();
    await stores.sessions.end('u', ids, endedAt, 0);
    const told = { type: 'sessions-ended', userId: 'u', sessionIds: ids, endedAt } as const;
    bus.publish(SESSIONS_TOPIC, told);
  };
  /** Of a token that is made now. */
  const refuses = (sessionId?: string, madeAt = clock.now()) =>
    ended.refuses({ sessionId, expiresAt: Math.floor(madeAt / 1_000) + LIFETIME_SECONDS });
  return { ended, sessions, clock, bus, end, refuses, warnings };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('A1c: ends from before the start and from the bus are refused, others not', async (t) => {
  const { ended, end, refuses } = setUp(t);
  await end('s_before');
  t.false(refuses('s_before'));
  await ended.start();
  t.true(refuses('s_before'));
  const heard: (string | null)[] = [];
  ended.onEnded((userId) => heard.push(userId));
  await end('s_after', 's_also');
  t.deepEqual(heard, ['u']);
  t.deepEqual([refuses('s_after'), refuses('s_also'), refuses('s_other')], [true, true, false]);
  t.false(refuses());
});

test('A1c: what the bus lost is read after the gap, also if the store fails first', async (t) => {
  const { ended, sessions, clock, bus, end, refuses, warnings } = setUp(t);
  await ended.start();
  bus.losing = true;
  await end('s_lost');
  t.false(refuses('s_lost'));
  const { ended: read } = sessions;
  sessions.ended = () => Promise.reject(new Error('the store is away'));
  const heard: (string | null)[] = [];
  ended.onEnded((userId) => heard.push(userId));
  bus.reportGap();
  await turns();
  t.deepEqual([refuses('s_lost'), warnings.length, heard.length], [false, 1, 0]);
  sessions.ended = read;
  clock.advance(1_000);
  await turns();
  t.deepEqual([refuses('s_lost'), heard], [true, [null]]);
});

test('A1c: an end is forgotten once the last token of its session has expired', async (t) => {
  const { ended, clock, end, refuses } = setUp(t);
  await ended.start();
  await end('s_old');
  const madeAt = clock.now();
  clock.advance(LIFETIME_SECONDS * 1_000);
  await end('s_new');
  t.true(refuses('s_old', madeAt));
  clock.advance(3_000);
  await end('s_newer');
  t.deepEqual([refuses('s_old', madeAt), refuses('s_new')], [false, true]);
});

test('A1c: past the bound every older token of a session is refused, newer ones are not', async (t) => {
  const { ended, clock, end, refuses } = setUp(t, { countMax: 2 });
  await ended.start();
  const madeAt = clock.now();
  for (const id of ['s_1', 's_2', 's_3']) await end(id);
  // The end of s_1 is not known by its id any more, but no token from before it is taken.
  t.deepEqual([refuses('s_1', madeAt), refuses('s_other', madeAt)], [true, true]);
  t.false(refuses(undefined, madeAt));
  clock.advance(5_000);
  t.false(refuses('s_other'));
  t.true(refuses('s_3'));
});

test("A1c: ends that the store's list lost count as well", async (t) => {
  const { ended, clock, end, refuses } = setUp(t, { endedSessionsMax: 1 });
  const madeAt = clock.now();
  for (const id of ['s_1', 's_2']) await end(id);
  await ended.start();
  t.deepEqual([refuses('s_1', madeAt), refuses('s_other', madeAt)], [true, true]);
  clock.advance(5_000);
  t.deepEqual([refuses('s_2'), refuses('s_other')], [true, false]);
});

test('A1c: a remembered token of an ended session is refused as an expired one', async (t) => {
  const { ended, clock, end } = setUp(t);
  await ended.start();
  const expiresAt = clock.now() / 1_000 + LIFETIME_SECONDS;
  let verified = 0;
  const authenticator = new Authenticator({
    verifyToken: (sessionId) => {
      verified += 1;
      return { userId: 'u', roles: [], expiresAt, sessionId };
    },
    limits: new RateLimits({ policies: null }),
    ended,
  });
  const identify = (token: string) => authenticator.identify(`Bearer ${token}`, clock.now());
  t.like(identify('s_1'), { userId: 'u' });
  await end('s_1');
  t.is(identify('s_1'), 'expired');
  t.is(verified, 1);
  t.is(authenticator.identify('bearer  s_1', clock.now()), 'expired');
  t.like(identify('s_2'), { userId: 'u' });
});
