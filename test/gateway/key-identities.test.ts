// What gateways remember of API keys, and for how long.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import { keyHash, newKeyText } from '../../app/api-key-text.ts';
import type { KeyIdentity } from '../../contracts/api-keys.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { KeyIdentities } from '../../gateway/http/key-identities.ts';
import { ANSWERS_MAX, REMEMBERED_MS } from '../../gateway/http/recent-answers.ts';
import { ManualClock } from '../actors/manual-clock.ts';

const NOW = Date.parse('2027-01-01T00:00:00.000Z');
const identity: KeyIdentity = {
  keyId: 'ak_1',
  ownerId: 'ann',
  scopes: ['orders:read'],
  endsAt: null,
};

const newKey = () => newKeyText((count) => randomBytes(count));

function setting(answer: (hash: string) => Promise<Outcome<KeyIdentity>>) {
  const clock = new ManualClock(NOW);
  const asked: string[] = [];
  const call = (_action: string, { hash }: { hash: string }) => {
    asked.push(hash);
    return answer(hash);
  };
  return { clock, asked, keys: new KeyIdentities({ call: call as never, clock }) };
}

test('A5: a key is asked for once at a time, and remembered for less than a second', async (t) => {
  const { keys, asked, clock } = setting(async () => ({ ok: true, value: identity }));
  const key = newKey();
  const answers = await Promise.all(Array.from({ length: 100 }, () => keys.identify(key)));
  t.true(answers.every((answer) => answer === identity));
  t.deepEqual(asked, [keyHash(key)]);
  await clock.advance(REMEMBERED_MS - 1);
  await keys.identify(key);
  t.is(asked.length, 1);
  await clock.advance(1);
  await keys.identify(key);
  t.is(asked.length, 2);
  t.true(REMEMBERED_MS < 1_000);
});

test('A5: a revoked key is refused once what is remembered has ended', async (t) => {
  let revoked = false;
  const { keys, clock } = setting(async () =>
    revoked ? { ok: false, code: 'not-found' } : { ok: true, value: identity },
  );
  const key = newKey();
  t.is(await keys.identify(key), identity);
  revoked = true;
  await clock.advance(REMEMBERED_MS);
  t.is(await keys.identify(key), 'invalid');
});

test('A5: what is no key is not asked for, and an unknown key once', async (t) => {
  const { keys, asked } = setting(async () => ({ ok: false, code: 'not-found' }));
  for (const text of ['', 'ld_key_', `${newKey()}x`, newKey().replace(/.$/, '_')])
    t.is(await keys.identify(text), 'invalid');
  t.deepEqual(asked, []);
  const key = newKey();
  for (let i = 0; i < 10; i++) t.is(await keys.identify(key), 'invalid');
  t.is(asked.length, 1);
});

test('A5: a key ends at its end, also while it is remembered', async (t) => {
  const ending = { ...identity, endsAt: NOW + 100 };
  const { keys, clock } = setting(async () => ({ ok: true, value: ending }));
  const key = newKey();
  t.is(await keys.identify(key), ending);
  await clock.advance(100);
  t.is(await keys.identify(key), 'expired');
});

test('A5: an answer that failed is not remembered', async (t) => {
  let tries = 0;
  const { keys } = setting(async () => {
    tries += 1;
    if (tries === 1) return { ok: false, code: 'unavailable' };
    if (tries === 2) throw new Error('a defect');
    return { ok: true, value: identity };
  });
  const key = newKey();
  t.like(await keys.identify(key), { ok: false, code: 'unavailable' });
  await t.throwsAsync(keys.identify(key), { message: 'a defect' });
  t.is(await keys.identify(key), identity);
});

test('A5: a bounded number of keys is remembered', async (t) => {
  const { keys, asked } = setting(async () => ({ ok: false, code: 'not-found' }));
  const [first, second] = [newKey(), newKey()];
  await keys.identify(first);
  await keys.identify(second);
  for (let i = 1; i < ANSWERS_MAX; i++) await keys.identify(newKey());
  const before = asked.length;
  await keys.identify(second);
  t.is(asked.length, before);
  await keys.identify(first);
  t.is(asked.length, before + 1);
});
