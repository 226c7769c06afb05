// Identities of Authorization headers. The cache changes nothing but the cost.

import test from 'ava';
import { Authenticator } from '../../gateway/http/auth.ts';
import { IdentityCache } from '../../gateway/http/identity-cache.ts';
import { RateLimits } from '../../gateway/http/rate-limits.ts';

const NOW = 1_700_000_000_000;
const END_SECONDS = NOW / 1_000 + 10;

/** Tokens are `user.end`. Verified tokens are recorded. */
function makeAuthenticator(countMax = 100) {
  const verified: string[] = [];
  const authenticator = new Authenticator({
    verifyToken: (token) => {
      verified.push(token);
      const [userId = '', end = ''] = token.split('.');
      return end === '' ? null : { userId, roles: [], expiresAt: Number(end) };
    },
    limits: new RateLimits({ policies: null }),
    cache: new IdentityCache({ countMax }),
  });
  return { authenticator, verified };
}

test('A2: a header is verified once, then found in the cache', (t) => {
  const { authenticator, verified } = makeAuthenticator();
  for (let round = 0; round < 3; round++) {
    t.is(authenticator.identify(`Bearer alice.${END_SECONDS}`, NOW)?.userId, 'alice');
    t.is(authenticator.identifyToken(`alice.${END_SECONDS}`, NOW)?.userId, 'alice');
  }
  t.is(verified.length, 1);
});

test('A1: spellings of one header evict no identity; a token alone is no header', (t) => {
  const { authenticator, verified } = makeAuthenticator(2);
  const plain = `Bearer alice.${END_SECONDS}`;
  t.truthy(authenticator.identify(plain, NOW));
  for (let spaces = 2; spaces < 12; spaces++) {
    const header = `bearer${' '.repeat(spaces)}eve.${END_SECONDS}`;
    t.is(authenticator.identify(header, NOW)?.userId, 'eve');
  }
  const before = verified.length;
  t.truthy(authenticator.identify(plain, NOW));
  t.is(verified.length, before);
  t.truthy(authenticator.identifyToken(`ben.${END_SECONDS}`, NOW));
  t.is(authenticator.identify(`ben.${END_SECONDS}`, NOW), null);
});

test('A1: a token ends at its exp, also when it is cached', (t) => {
  const { authenticator } = makeAuthenticator();
  const header = `Bearer alice.${END_SECONDS}`;
  t.truthy(authenticator.identify(header, NOW));
  t.truthy(authenticator.identify(header, NOW + 9_999));
  t.is(authenticator.identify(header, NOW + 10_000), null);
});

test('A1: credentials that end like cached ones are verified for themselves', (t) => {
  const { authenticator } = makeAuthenticator();
  const users = ['alice', 'bob', 'eve'];
  for (let round = 0; round < 2; round++) {
    for (const user of users)
      t.is(authenticator.identify(`Bearer ${user}.${END_SECONDS}`, NOW)?.userId, user);
  }
});

test('A1: refused tokens are not cached and change nothing for others', (t) => {
  const { authenticator, verified } = makeAuthenticator();
  const good = `Bearer alice.${END_SECONDS}`;
  t.truthy(authenticator.identify(good, NOW));
  for (const header of ['', 'Bearer', 'Bearer ', 'Basic alice', 'Bearer x', 'Bearer x', 'x']) {
    t.is(authenticator.identify(header, NOW), null, header);
  }
  t.is(authenticator.identify(`Bearer ${'x'.repeat(5_000)}.${END_SECONDS}`, NOW), null);
  t.deepEqual(verified, [`alice.${END_SECONDS}`, 'x', 'x']);
  t.truthy(authenticator.identify(good, NOW));
});

test('A1: a full cache evicts, and every token is still identified', (t) => {
  const { authenticator, verified } = makeAuthenticator(4);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 20; i++) {
      t.is(authenticator.identify(`Bearer u${i}.${END_SECONDS}`, NOW)?.userId, `u${i}`);
    }
  }
  t.is(verified.length, 60);
  for (let i = 0; i < 10; i++) authenticator.identify(`Bearer u19.${END_SECONDS}`, NOW);
  t.is(verified.length, 60);
});
