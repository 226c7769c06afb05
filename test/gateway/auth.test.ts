// Identities of Authorization headers. The cache changes nothing but the cost.

import test from 'ava';
import { Authenticator } from '../../gateway/http/auth.ts';
import { IdentityCache } from '../../gateway/http/identity-cache.ts';
import { DEFAULT_RATE_POLICIES, RateLimits } from '../../gateway/http/rate-limits.ts';

const NOW = 1_700_000_000_000;
const END_SECONDS = NOW / 1_000 + 10;

/** Tokens are `user.end`. Verified tokens are recorded. */
function makeAuthenticator({
  countMax = 100,
  lengthMax = 1_000_000,
  limits = new RateLimits({ policies: null }),
} = {}) {
  const verified: string[] = [];
  const authenticator = new Authenticator({
    verifyToken: (token, nowMs) => {
      verified.push(token);
      const [userId = '', end = ''] = token.split('.');
      if (userId === 'later') return 'undecided';
      if (end === '') return 'invalid';
      const expiresAt = Number(end);
      return nowMs < expiresAt * 1_000 ? { userId, roles: [], expiresAt } : 'expired';
    },
    limits,
    cache: new IdentityCache({ countMax, lengthMax }),
  });
  return { authenticator, verified };
}

test('A2: a header is verified once, then found in the cache', (t) => {
  const { authenticator, verified } = makeAuthenticator();
  for (let round = 0; round < 3; round++) {
    t.like(authenticator.identify(`Bearer alice.${END_SECONDS}`, NOW), { userId: 'alice' });
    t.like(authenticator.identifyToken(`alice.${END_SECONDS}`, NOW), { userId: 'alice' });
  }
  t.is(verified.length, 1);
});

test('A1: spellings of one header evict no identity; a token alone is no header', (t) => {
  const { authenticator, verified } = makeAuthenticator({ countMax: 2 });
  const plain = `Bearer alice.${END_SECONDS}`;
  t.is(typeof authenticator.identify(plain, NOW), 'object');
  for (let spaces = 2; spaces < 12; spaces++) {
    const header = `bearer${' '.repeat(spaces)}eve.${END_SECONDS}`;
    t.like(authenticator.identify(header, NOW), { userId: 'eve' });
  }
  const before = verified.length;
  t.is(typeof authenticator.identify(plain, NOW), 'object');
  t.is(verified.length, before);
  t.is(typeof authenticator.identifyToken(`ben.${END_SECONDS}`, NOW), 'object');
  t.is(authenticator.identify(`ben.${END_SECONDS}`, NOW), 'missing');
});

test('A1: a token ends at its exp, also when it is cached', (t) => {
  const { authenticator } = makeAuthenticator();
  const header = `Bearer alice.${END_SECONDS}`;
  t.is(typeof authenticator.identify(header, NOW), 'object');
  t.is(typeof authenticator.identify(header, NOW + 9_999), 'object');
  t.is(authenticator.identify(header, NOW + 10_000), 'expired');
});

test('A3a: expired tokens are 401 however many come, and invalid ones are limited', (t) => {
  const limits = new RateLimits({ policies: DEFAULT_RATE_POLICIES });
  const { authenticator } = makeAuthenticator({ limits });
  const codes = (header: string) =>
    Array.from({ length: 40 }, () => {
      const identity = authenticator.identify(header, NOW + 10_000);
      if (typeof identity !== 'string') return t.fail();
      return authenticator.refuse(identity, '192.0.2.1', 0).code;
    });
  t.deepEqual(new Set(codes(`Bearer alice.${END_SECONDS}`)), new Set(['unauthenticated']));
  t.is(limits.report().find(({ limit }) => limit === 'bad-tokens-address')?.keys, 0);
  t.deepEqual(new Set(codes('Bearer x')), new Set(['unauthenticated', 'rate-limited']));
  t.deepEqual(new Set(codes(`Bearer alice.${END_SECONDS}`)), new Set(['unauthenticated']));
});

test('A1: credentials that end like cached ones are verified for themselves', (t) => {
  const { authenticator } = makeAuthenticator();
  const users = ['alice', 'bob', 'eve'];
  for (let round = 0; round < 2; round++) {
    for (const user of users)
      t.like(authenticator.identify(`Bearer ${user}.${END_SECONDS}`, NOW), { userId: user });
  }
});

test('A1: refused tokens are not cached and change nothing for others', (t) => {
  const { authenticator, verified } = makeAuthenticator();
  const good = `Bearer alice.${END_SECONDS}`;
  t.is(typeof authenticator.identify(good, NOW), 'object');
  for (const header of ['', 'Bearer', 'Bearer ', 'Basic alice', 'x']) {
    t.is(authenticator.identify(header, NOW), 'missing', header);
  }
  for (let i = 0; i < 2; i++) t.is(authenticator.identify('Bearer x', NOW), 'invalid');
  t.is(authenticator.identify(`Bearer ${'x'.repeat(5_000)}.${END_SECONDS}`, NOW), 'invalid');
  t.deepEqual(verified, [`alice.${END_SECONDS}`, 'x', 'x']);
  t.is(typeof authenticator.identify(good, NOW), 'object');
});

test('A1: a full cache evicts, and every token is still identified', (t) => {
  const { authenticator, verified } = makeAuthenticator({ countMax: 4 });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 20; i++) {
      t.like(authenticator.identify(`Bearer u${i}.${END_SECONDS}`, NOW), { userId: `u${i}` });
    }
  }
  t.is(verified.length, 60);
  for (let i = 0; i < 10; i++) authenticator.identify(`Bearer u19.${END_SECONDS}`, NOW);
  t.is(verified.length, 60);
});

test('A4: long tokens are cached in a bounded number of bytes', (t) => {
  const { authenticator, verified } = makeAuthenticator({ countMax: 1_000, lengthMax: 20_000 });
  const header = (i: number) => `Bearer ${'u'.repeat(1_000)}.${END_SECONDS + i}`;
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 100; i++) t.is(typeof authenticator.identify(header(i), NOW), 'object');
  }
  t.is(verified.length, 200);
  for (let i = 95; i < 100; i++) authenticator.identify(header(i), NOW);
  t.is(verified.length, 200);
});

test('A4: when keys are taken away every token is verified again', (t) => {
  const { authenticator, verified } = makeAuthenticator();
  const header = `Bearer alice.${END_SECONDS}`;
  authenticator.identify(header, NOW);
  authenticator.forget();
  authenticator.identify(header, NOW);
  t.is(verified.length, 2);
});

test('A4: a token whose keys are not here yet is 503, is no guess, and is not cached', (t) => {
  const limits = new RateLimits({ policies: DEFAULT_RATE_POLICIES });
  const { authenticator, verified } = makeAuthenticator({ limits });
  for (let i = 0; i < 40; i++) {
    const refused = authenticator.identify(`Bearer later.${END_SECONDS}`, NOW);
    if (typeof refused !== 'string') return t.fail();
    t.is(authenticator.refuse(refused, '192.0.2.1', 0).code, 'unavailable');
  }
  t.is(verified.length, 40);
  t.is(limits.report().find(({ limit }) => limit === 'bad-tokens-address')?.keys, 0);
});
