// Password hashing: right passwords pass, unknown users take as long, and the queue is bounded.

import { hash } from '@node-rs/argon2';
import test from 'ava';
import { Passwords } from '../../app/passwords.ts';

const LIGHT = { memoryKib: 8 };

test('A1: a password is hashed by argon2id with the recommended parameters', async (t) => {
  const hashed = await new Passwords().hash('correct horse');
  t.true(hashed.ok && hashed.value.startsWith('$argon2id$v=19$m=19456,t=2,p=1$'));
});

test('A1: the right password verifies; another does not, nor any of an unknown user', async (t) => {
  const passwords = new Passwords(LIGHT);
  const hashed = await passwords.hash('correct horse');
  if (!hashed.ok) return t.fail();
  t.deepEqual(await passwords.verify(hashed.value, 'correct horse'), { ok: true, value: true });
  t.deepEqual(await passwords.verify(hashed.value, 'wrong horse'), { ok: true, value: false });
  t.deepEqual(await passwords.verify(null, 'correct horse'), { ok: true, value: false });
});

test('A1b: a password verifies however its characters and spaces are composed', async (t) => {
  const passwords = new Passwords(LIGHT);
  const [composed, decomposed] = ['größe\u00a0zählt', 'gro\u0308ße za\u0308hlt'];
  for (const [made, typed] of [
    [composed, decomposed],
    [decomposed, composed],
  ] as const) {
    const hashed = await passwords.hash(made);
    if (!hashed.ok) return t.fail();
    t.deepEqual(await passwords.verify(hashed.value, typed), { ok: true, value: true });
    t.deepEqual(await passwords.verify(hashed.value, `${typed}!`), { ok: true, value: false });
  }
});

test('A1b: a hash of a password as it was typed, made by an earlier version, verifies', async (t) => {
  const typed = 'gro\u0308ße za\u0308hlt';
  const stored = await hash(typed, { memoryCost: 8 });
  const passwords = new Passwords(LIGHT);
  t.deepEqual(await passwords.verify(stored, typed), { ok: true, value: true });
  t.deepEqual(await passwords.verify(stored, `${typed}!`), { ok: true, value: false });
  t.deepEqual(await passwords.verify(null, typed), { ok: true, value: false });
});

// Serial: it comes before the other tests, so all CPU time of the process is that of the hashes.
test.serial('A3: an unknown user costs as much as a wrong password', async (t) => {
  const passwords = new Passwords();
  const hashed = await passwords.hash('correct horse');
  if (!hashed.ok) return t.fail();
  // The least of each, since the process has other work now and then.
  const spent = { known: Infinity, unknown: Infinity };
  for (let i = 0; i < 5; i++) {
    for (const who of ['known', 'unknown'] as const) {
      const before = process.cpuUsage();
      await passwords.verify(who === 'known' ? hashed.value : null, 'wrong horse');
      const { user, system } = process.cpuUsage(before);
      spent[who] = Math.min(spent[who], user + system);
    }
  }
  const ratio = spent.unknown / spent.known;
  t.true(ratio > 0.5 && ratio < 2, `unknown takes ${ratio} times the CPU time`);
});

test('H6: past the bounded queue a hash is refused at once, later ones are accepted', async (t) => {
  const passwords = new Passwords({ ...LIGHT, concurrency: 1, queueLengthMax: 2 });
  const outcomes = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((text) => passwords.hash(text)));
  t.deepEqual(
    outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code)),
    ['ok', 'ok', 'ok', 'overloaded', 'overloaded'],
  );
  t.true((await passwords.hash('f')).ok);
});

test('A1: a hash that fails frees its place', async (t) => {
  const passwords = new Passwords({ ...LIGHT, concurrency: 1, queueLengthMax: 1 });
  await t.throwsAsync(passwords.verify('no hash at all', 'x'));
  t.true((await passwords.hash('a')).ok);
});
