// Encryption and tokens of pushes: the vectors of RFC 8188, 8291 and 8292, and `web-push` both
// ways.

import { createECDH, createPublicKey, randomBytes, verify } from 'node:crypto';
import { createRequire } from 'node:module';
import test from 'ava';
import {
  areBrowserKeys,
  browserKeys,
  encryptedContent,
  encryptedPush,
  PUSH_PAYLOAD_BYTES_MAX,
} from '../../../events/push/message-encryption.ts';
import { newVapidKey, signedToken, VapidTokens } from '../../../events/push/vapid.ts';
import type { VapidKey } from '../../../storage/ports/vapid-keys.ts';
import { PushBrowser } from '../../push/browser.ts';

interface WebPush {
  encrypt(
    p256dh: string,
    auth: string,
    payload: string,
    coding: 'aes128gcm',
  ): { readonly cipherText: Buffer };
  getVapidHeaders(
    audience: string,
    subject: string,
    publicKey: string,
    privateKey: string,
    coding: 'aes128gcm',
  ): { readonly Authorization: string };
}

const require = createRequire(import.meta.url);
const webPush = require('web-push') as WebPush;
const bytes = (text: string) => Buffer.from(text, 'base64url');

/** RFC 8291, 5 and appendix A. */
const RFC_8291 = {
  plaintext: 'When I grow up, I want to be a watermelon',
  senderPrivate: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw',
  browserPrivate: 'q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94',
  browserPublic:
    'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  salt: 'DGv6ra1nlYgDCS1FRnbzlw',
  body:
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml' +
    'mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT' +
    'pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
};

/** RFC 8188, 3.1. */
const RFC_8188 = {
  content: 'I am the walrus',
  keying: 'yqdlZ-tYemfogSmv7Ws5PQ',
  salt: 'I1BsxtFttlv3u_Oo94xnmw',
  body: 'I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg',
};

/** RFC 8292, 2.4. */
const RFC_8292 = {
  claims: { aud: 'https://push.example.net', exp: 1453523768, sub: 'mailto:push@example.com' },
  publicKey:
    'BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs',
  token:
    'eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOj' +
    'E0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMl' +
    'MuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA',
};

function isSigned(token: string, publicKey: string): boolean {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const point = bytes(publicKey);
  const [x, y] = [point.subarray(1, 33), point.subarray(33)];
  const key = createPublicKey({
    key: { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') },
    format: 'jwk',
  });
  const signed = Buffer.from(`${header}.${claims}`);
  return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, bytes(signature));
}

test('R1: the content coding is that of RFC 8188, byte for byte', (t) => {
  const { content, keying, salt, body } = RFC_8188;
  const made = encryptedContent(Buffer.from(content), {
    keying: bytes(keying),
    salt: bytes(salt),
    keyId: Buffer.alloc(0),
    toBytes: 1,
  });
  t.is(made.toString('base64url'), body);
});

test('R1: a message is that of RFC 8291, byte for byte', (t) => {
  const keyPair = createECDH('prime256v1');
  keyPair.setPrivateKey(bytes(RFC_8291.senderPrivate));
  const keys = browserKeys(RFC_8291.browserPublic, RFC_8291.auth)!;
  const salt = bytes(RFC_8291.salt);
  const made = encryptedPush(Buffer.from(RFC_8291.plaintext), keys, {
    keyPair,
    salt,
    paddedToBytes: 1,
  })!;
  t.is(made.toString('base64url'), RFC_8291.body);
  const browser = new PushBrowser(bytes(RFC_8291.browserPrivate), bytes(RFC_8291.auth));
  t.is(browser.p256dh, RFC_8291.browserPublic);
  t.is(browser.read(made), RFC_8291.plaintext);
});

test('R1: a token has the form of RFC 8292, whose example verifies as ours do', (t) => {
  t.true(isSigned(RFC_8292.token, RFC_8292.publicKey));
  const key = newVapidKey(0);
  const token = signedToken(RFC_8292.claims, key);
  const unsigned = (text: string) => text.split('.', 2).join('.');
  t.is(unsigned(token), unsigned(RFC_8292.token));
  t.true(isSigned(token, key.publicKey));
  t.false(isSigned(token, newVapidKey(0).publicKey));
});

test('R1: web-push and a browser read and write the same messages', (t) => {
  for (let length = 0; length <= PUSH_PAYLOAD_BYTES_MAX; length += 363) {
    const text = randomBytes(length).toString('hex').slice(0, length);
    const browser = new PushBrowser();
    const keys = browserKeys(browser.p256dh, browser.auth)!;
    t.is(browser.read(encryptedPush(Buffer.from(text), keys)!), text);
    if (length === 0) continue;
    const { cipherText } = webPush.encrypt(browser.p256dh, browser.auth, text, 'aes128gcm');
    t.is(browser.read(cipherText), text);
  }
  const longest = 'x'.repeat(PUSH_PAYLOAD_BYTES_MAX);
  const browser = new PushBrowser();
  const keys = browserKeys(browser.p256dh, browser.auth)!;
  const body = encryptedPush(Buffer.from(longest), keys)!;
  t.is(body.length, 4_096);
  t.is(browser.read(body), longest);
  t.throws(() => encryptedPush(Buffer.from(`${longest}x`), keys), { instanceOf: RangeError });
});

test('R1: web-push decrypts our messages and signs tokens with our keys', (t) => {
  const receiver = createECDH('prime256v1');
  receiver.generateKeys();
  const auth = randomBytes(16);
  const keys = { publicKey: receiver.getPublicKey(), authSecret: auth };
  const body = encryptedPush(Buffer.from('for the oracle'), keys)!;
  // The package that web-push encrypts with.
  const ece = createRequire(require.resolve('web-push'))('http_ece') as {
    decrypt(body: Buffer, options: object): Buffer;
  };
  const read = ece.decrypt(body, {
    version: 'aes128gcm',
    privateKey: receiver,
    authSecret: auth.toString('base64url'),
  });
  t.is(read.toString(), 'for the oracle');
  const { publicKey, privateKey } = newVapidKey(0);
  const { Authorization: header } = webPush.getVapidHeaders(
    'https://push.example.net',
    'mailto:push@example.com',
    publicKey,
    privateKey,
    'aes128gcm',
  );
  const [, token = '', key = ''] = /^vapid t=([^,]+), k=(.+)$/.exec(header)!;
  t.is(key, publicKey);
  t.true(isSigned(token, publicKey));
});

test('R1: each message has a key pair and a salt of its own, and its length says little', (t) => {
  const browser = new PushBrowser();
  const keys = browserKeys(browser.p256dh, browser.auth)!;
  const made = ['a', 'b'.repeat(100)].map((text) => encryptedPush(Buffer.from(text), keys)!);
  const [one, other] = made as [Buffer, Buffer];
  t.is(one.length, other.length);
  t.notDeepEqual(one.subarray(0, 16), other.subarray(0, 16));
  t.notDeepEqual(one.subarray(21, 86), other.subarray(21, 86));
});

test('R1: keys of a subscription that are none are told', (t) => {
  const { p256dh, auth } = new PushBrowser();
  t.true(areBrowserKeys(p256dh, auth));
  const offCurve = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]).toString('base64url');
  const short = bytes(p256dh).subarray(0, 64).toString('base64url');
  for (const wrong of [offCurve, short, '', Buffer.alloc(65).toString('base64url')])
    t.false(areBrowserKeys(wrong, auth), wrong);
  for (const wrong of ['', 'AAAA', randomBytes(17).toString('base64url')])
    t.false(areBrowserKeys(p256dh, wrong), wrong);
  t.is(encryptedPush(Buffer.alloc(1), browserKeys(offCurve, auth)!), null);
});

test('R1: a token serves its origin and key for hours, and is valid for less than a day', (t) => {
  let now = Date.parse('2027-01-01T00:00:00Z');
  const tokens = new VapidTokens({ contact: 'mailto:shop@example.com', now: () => now });
  const key = newVapidKey(now);
  const claimsOf = (header: string) =>
    JSON.parse(bytes(header.split('.')[1]!).toString()) as { aud: string; exp: number };
  const first = tokens.authorization('https://a.example', key);
  t.deepEqual(claimsOf(first), {
    aud: 'https://a.example',
    exp: now / 1_000 + 12 * 60 * 60,
    sub: 'mailto:shop@example.com',
  } as object as { aud: string; exp: number });
  now += 5 * 60 * 60_000;
  t.is(tokens.authorization('https://a.example', key), first);
  t.not(tokens.authorization('https://b.example', key), first);
  const other: VapidKey = newVapidKey(now);
  t.true(tokens.authorization('https://a.example', other).endsWith(`k=${other.publicKey}`));
  now += 60 * 60_000;
  const later = tokens.authorization('https://a.example', key);
  t.not(later, first);
  // A clock set back: the token would be valid for more than a day.
  now -= 20 * 60 * 60_000;
  const back = tokens.authorization('https://a.example', key);
  t.true(claimsOf(back).exp * 1_000 - now < 24 * 60 * 60_000);
});
