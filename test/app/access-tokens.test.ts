// Access tokens: which are accepted and which are not.

import { createHmac, generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { createSigner } from 'fast-jwt';
import { AccessTokens } from '../../app/access-tokens.ts';
import { NOW } from '../services/harness.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const NOW_SECONDS = NOW / 1_000;

function makeTokens(options: { publicKey?: string } = {}): AccessTokens {
  return new AccessTokens({ secret: SECRET, now: () => NOW, ...options });
}

function signed(claims: Record<string, unknown>, key: string = SECRET): string {
  return createSigner({ key, algorithm: 'HS256', noTimestamp: true })(claims);
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

test('A1: a signed token names its user, roles and end', (t) => {
  const tokens = makeTokens();
  const token = tokens.sign({ userId: 'u_1', roles: ['creator'], lifetimeSeconds: 900 });
  const expected = { userId: 'u_1', roles: ['creator'], expiresAt: NOW_SECONDS + 900 };
  t.deepEqual(tokens.verify(token, NOW), expected);
});

test('A1: sub and exp are enough, and roles are empty without the claim', (t) => {
  const token = signed({ sub: 'u_1', exp: NOW_SECONDS + 1 });
  t.like(makeTokens().verify(token, NOW), { roles: [] });
});

test('A1: a token ends at its exp', (t) => {
  const tokens = makeTokens();
  const token = tokens.sign({ userId: 'u_1', roles: [], lifetimeSeconds: 10 });
  t.like(tokens.verify(token, NOW + 9_999), { userId: 'u_1' });
  t.is(tokens.verify(token, NOW + 10_000), 'expired');
});

test('A1: another secret, a changed payload and a cut token are refused', (t) => {
  const tokens = makeTokens();
  const token = tokens.sign({ userId: 'u_1', roles: [], lifetimeSeconds: 900 });
  t.like(tokens.verify(token, NOW), { userId: 'u_1' });
  const [header, , signature] = token.split('.');
  const claims = { sub: 'u_1', exp: NOW_SECONDS + 900, roles: ['operator'] };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  t.is(tokens.verify(`${header}.${payload}.${signature}`, NOW), 'invalid');
  t.is(tokens.verify(token.slice(0, -1), NOW), 'invalid');
  t.is(tokens.verify(signed(claims, `${SECRET}!`), NOW), 'invalid');
  for (const garbage of ['', '.', '..', 'a.b.c', 'x'.repeat(5_000)]) {
    t.is(tokens.verify(garbage, NOW), 'invalid');
  }
});

test('A1: a token cannot choose its algorithm', (t) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const claims = { sub: 'u_1', exp: NOW_SECONDS + 900 };
  const unsigned = `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`;
  const byOtherHash = createSigner({ key: SECRET, algorithm: 'HS512' })(claims);
  const byPrivateKey = createSigner({ key: privateKey, algorithm: 'EdDSA' })(claims);
  // The classic confusion: the public key, which everyone knows, used as an HMAC secret.
  const signedPart = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  const mac = createHmac('sha256', publicKey).update(signedPart).digest('base64url');
  const confused = `${signedPart}.${mac}`;
  const both = makeTokens({ publicKey });
  for (const token of [unsigned, byOtherHash, confused]) {
    t.is(makeTokens().verify(token, NOW), 'invalid');
    t.is(both.verify(token, NOW), 'invalid');
  }
  t.like(both.verify(byPrivateKey, NOW), { userId: 'u_1' });
  t.is(makeTokens().verify(byPrivateKey, NOW), 'invalid');
  t.like(both.verify(signed(claims), NOW), { userId: 'u_1' });
});

test('A1, A2: sub is 1 to 128 visible ASCII characters but `me`, exp a number, roles a list of text', (t) => {
  const exp = NOW_SECONDS + 900;
  const bad: Record<string, unknown>[] = [
    { exp },
    { sub: '', exp },
    { sub: 'x'.repeat(129), exp },
    { sub: 'with space', exp },
    { sub: 'me', exp },
    { sub: 'línea', exp },
    { sub: 'u_1' },
    { sub: 'u_1', exp, roles: 'operator' },
    { sub: 'u_1', exp, roles: [1] },
    { sub: 'u_1', exp, roles: Array.from({ length: 17 }, () => 'r') },
  ];
  for (const claims of bad) t.is(makeTokens().verify(signed(claims), NOW), 'invalid');
  const userId = 'x'.repeat(128);
  t.like(makeTokens().verify(signed({ sub: userId, exp }), NOW), { userId });
});

test('A1: a short secret is refused at the start', (t) => {
  t.throws(() => new AccessTokens({ secret: 'short' }), { instanceOf: RangeError });
});
