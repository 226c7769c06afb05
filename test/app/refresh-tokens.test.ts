// Texts of refresh tokens: what is derived, and from what.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import { RefreshTokens } from '../../app/refresh-tokens.ts';
import { SigningSecrets } from '../../app/signing-secrets.ts';

const random = (count: number) => randomBytes(count);
const tokensOf = (secret: string) => new RefreshTokens({ secret, random });

test('A1a: nodes with one secret derive one successor, others another', (t) => {
  const [one, other] = [tokensOf('s'.repeat(32)), tokensOf('s'.repeat(32))];
  const token = one.first();
  t.not(other.first(), token);
  t.is(one.successorOf(token), other.successorOf(token));
  t.not(tokensOf('t'.repeat(32)).successorOf(token), one.successorOf(token));
});

test('A1a: a family of tokens does not repeat, and each has 32 bytes', (t) => {
  const tokens = tokensOf('s'.repeat(32));
  const family = [tokens.first()];
  for (let i = 0; i < 100; i++) family.push(tokens.successorOf(family.at(-1)!));
  t.is(new Set(family).size, family.length);
  for (const token of family) t.is(Buffer.from(token, 'base64url').length, 32);
});

test('A1a: a new secret changes no successor before the old one has ended', (t) => {
  const old = { secret: 's'.repeat(32), from: 0, until: 2_000 };
  const next = { secret: 't'.repeat(32), from: 1_000, until: Infinity };
  const secrets = new SigningSecrets([next, old]);
  let now = 0;
  const tokens = new RefreshTokens({ secret: secrets, now: () => now, random });
  const token = tokens.first();
  for (now of [0, 1_500]) {
    t.is(tokens.successorOf(token), tokensOf(old.secret).successorOf(token));
  }
  now = 2_000;
  t.is(tokens.successorOf(token), tokensOf(next.secret).successorOf(token));
});
