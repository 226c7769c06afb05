// Access tokens: which are accepted and which are not.

import { createHmac, generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { createSigner } from 'fast-jwt';
import { AccessTokens } from '../../app/access-tokens.ts';
import { keyIdOf, type SigningSecret, SigningSecrets } from '../../app/signing-secrets.ts';
import { NOW } from '../services/harness.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const NOW_SECONDS = NOW / 1_000;

function makeTokens(secret: string | SigningSecrets = SECRET): AccessTokens {
  return new AccessTokens({ secret, now: () => NOW });
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
  for (const token of [unsigned, byOtherHash, confused, byPrivateKey]) {
    t.is(makeTokens().verify(token, NOW), 'invalid');
  }
  t.like(makeTokens().verify(signed(claims), NOW), { userId: 'u_1' });
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

const NEXT = 'the next secret of at least thirty-two bytes';
const always: SigningSecret = { secret: SECRET, from: 0, until: Infinity };

function ring(...secrets: readonly SigningSecret[]): SigningSecrets {
  return new SigningSecrets(secrets);
}

function keyIdOfToken(token: string): unknown {
  const header = Buffer.from(token.split('.')[0]!, 'base64url').toString();
  return (JSON.parse(header) as { kid?: unknown }).kid;
}

test('A4a: a token carries the id of its key, which says nothing of the secret', (t) => {
  const token = makeTokens().sign({ userId: 'u_1', roles: [], lifetimeSeconds: 900 });
  t.is(keyIdOfToken(token), keyIdOf(SECRET));
  t.not(keyIdOf(SECRET), keyIdOf(NEXT));
  t.regex(keyIdOf(SECRET), /^[\w-]{12}$/);
});

test('A4a: a new secret verifies before it signs, and the old one until its end', (t) => {
  const from = NOW + 15_000;
  const until = from + 3_600_000;
  const secrets = ring({ secret: NEXT, from, until: Infinity }, { secret: SECRET, from: 0, until });
  let now = NOW;
  const tokens = new AccessTokens({ secret: secrets, now: () => now });
  const user = { userId: 'u_1', roles: [], lifetimeSeconds: 900 };
  t.is(keyIdOfToken(tokens.sign(user)), keyIdOf(SECRET));
  t.like(tokens.verify(makeTokens(NEXT).sign(user), now), { userId: 'u_1' });
  const old = tokens.sign({ ...user, lifetimeSeconds: 900_000 });
  now = from;
  t.is(keyIdOfToken(tokens.sign(user)), keyIdOf(NEXT));
  now = until - 1;
  // A live stream ends with it, and a gateway that has cached the identity refuses it in time.
  t.like(tokens.verify(old, now), { userId: 'u_1', expiresAt: Math.floor(until / 1_000) });
  now = until;
  t.is(tokens.verify(old, now), 'invalid');
  t.like(tokens.verify(tokens.sign(user), now), { userId: 'u_1' });
});

test('A4a: a token without a key id, or with one of another signer, is tried with every secret', (t) => {
  const tokens = makeTokens(ring({ ...always, secret: NEXT }, always));
  const claims = { sub: 'u_1', exp: NOW_SECONDS + 900 };
  const foreign = createSigner({ key: SECRET, algorithm: 'HS256', kid: 'shop-1' })(claims);
  for (const token of [signed(claims), signed(claims, NEXT), foreign]) {
    t.like(tokens.verify(token, NOW), { userId: 'u_1' });
  }
  const named = createSigner({ key: SECRET, algorithm: 'HS256', kid: keyIdOf(NEXT) })(claims);
  t.is(tokens.verify(named, NOW), 'invalid');
  t.is(tokens.verify(signed(claims, `${SECRET}!`), NOW), 'invalid');
});

test('A4a: a secret that is taken away signs and verifies no more, and listeners hear of it', (t) => {
  const secrets = ring(always);
  const tokens = makeTokens(secrets);
  const token = tokens.sign({ userId: 'u_1', roles: [], lifetimeSeconds: 900 });
  let heard = 0;
  secrets.onReplaced(() => (heard += 1));
  t.throws(() => secrets.replace([{ ...always, secret: 'short' }]), { instanceOf: RangeError });
  t.throws(() => secrets.replace([{ ...always, until: NOW }]), { instanceOf: RangeError });
  t.like(tokens.verify(token, NOW), { userId: 'u_1' });
  t.is(heard, 0);
  secrets.replace([{ ...always, secret: NEXT }]);
  t.is(heard, 1);
  t.is(tokens.verify(token, NOW), 'invalid');
});
