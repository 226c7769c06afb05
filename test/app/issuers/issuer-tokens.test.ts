// Tokens of other issuers: which are accepted, whom they name, and which roles they give.

import { createHmac, createPublicKey } from 'node:crypto';
import test from 'ava';
import { AccessTokens } from '../../../app/access-tokens.ts';
import type { Issuer } from '../../../app/issuers/issuer.ts';
import { CLOCK_SKEW_SECONDS, IssuerTokens } from '../../../app/issuers/issuer-tokens.ts';
import { keysOf } from '../../../app/issuers/jwks.ts';
import { TokenVerifier } from '../../../app/token-verifier.ts';
import { ORGANISATION, organisationIdOf } from '../../../app/user-ids.ts';
import { makeId } from '../../../domain/ids.ts';
import { type IssuerKeyPair, makeKeyPair, signWith } from '../../servers/issuer-server.ts';

const NOW = Date.parse('2027-01-01T00:00:00.000Z');
const NOW_SECONDS = NOW / 1_000;
const SECRET = 'a secret of at least thirty-two bytes';
const MAIN = 'https://id.example.com/';
const PARTNER = 'https://login.partner.example';

const pairs = {
  rsa: makeKeyPair('RS256'),
  ec: makeKeyPair('ES256'),
  ed: makeKeyPair('EdDSA'),
  partner: makeKeyPair('ES256'),
};

function known(issuer: Partial<Issuer>, keyPairs: readonly IssuerKeyPair[]) {
  const keys = keysOf({ keys: keyPairs.map(({ jwk }) => jwk) });
  return {
    issuer: {
      name: '',
      issuer: MAIN,
      audience: 'livedrops',
      jwksUrl: null,
      roles: [],
      ...issuer,
    },
    keys: {
      find: (algorithm: string, keyId: string | null) =>
        keys.find((key) => key.algorithm === algorithm && key.keyId === keyId) ??
        (keyId === 'not-yet' ? ('undecided' as const) : ('unknown' as const)),
    },
  };
}

const verifier = new TokenVerifier({
  own: new AccessTokens({ secret: SECRET, now: () => NOW }),
  issuers: new IssuerTokens([
    known(
      {
        roles: [
          { claim: 'groups', value: 'sellers', role: 'creator' },
          { claim: 'realm_access.roles', value: 'admin', role: 'operator' },
          { claim: 'https://example.com/roles', value: 'seller', role: 'creator' },
          { claim: 'scope', value: 'drops:sell', role: 'creator' },
        ],
      },
      [pairs.rsa, pairs.ec, pairs.ed],
    ),
    known({ name: 'partner', issuer: PARTNER, audience: 'shop' }, [pairs.partner]),
  ]),
});

function claims(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { iss: MAIN, aud: 'livedrops', sub: 'ann', exp: NOW_SECONDS + 900, ...more };
}

function verify(token: string) {
  return verifier.verify(token, NOW);
}

test('A4: tokens signed with RS256, ES256 and EdDSA are accepted beside one’s own', (t) => {
  for (const pair of [pairs.rsa, pairs.ec, pairs.ed]) {
    t.deepEqual(verify(signWith(pair, claims())), {
      userId: 'ann',
      roles: [],
      expiresAt: NOW_SECONDS + 900 + CLOCK_SKEW_SECONDS,
    });
  }
  const own = new AccessTokens({ secret: SECRET, now: () => NOW });
  const token = own.sign({ userId: 'ann', roles: ['creator'], lifetimeSeconds: 60 });
  t.like(verify(token), { userId: 'ann', roles: ['creator'] });
});

test('A4: two issuers’ equal subs are two users; only the main issuer’s are plain', (t) => {
  const main = verify(signWith(pairs.ec, claims()));
  const other = verify(signWith(pairs.partner, claims({ iss: PARTNER, aud: 'shop' })));
  t.like(main, { userId: 'ann' });
  t.like(other, { userId: '@partner:ann' });
});

test('A4: no sub takes the id of another issuer’s user, or of a shop’s', (t) => {
  for (const sub of ['@partner:ann', '~u_1:ann', '@x:', '~a:b:c']) {
    t.is(verify(signWith(pairs.ec, claims({ sub }))), 'invalid', sub);
  }
  for (const sub of ['@handle', '~ann', 'auth0|5', 'x'.repeat(128)]) {
    t.like(verify(signWith(pairs.ec, claims({ sub }))), { userId: sub });
  }
  const partner = (sub: string) =>
    verify(signWith(pairs.partner, claims({ iss: PARTNER, aud: 'shop', sub })));
  t.like(partner('@partner:ann'), { userId: '@partner:@partner:ann' });
  // What does not fit is hashed, and no other sub has that id.
  const long = partner('x'.repeat(128));
  const name = partner('Zoë Müller');
  const hash = /^@partner:#[\w-]{43}$/;
  for (const identity of [long, name]) {
    t.true(typeof identity === 'object' && hash.test(identity.userId));
  }
  t.notDeepEqual(long, name);
  if (typeof long === 'object') {
    const forged = partner(long.userId.slice('@partner:'.length));
    t.true(typeof forged === 'object' && forged.userId !== long.userId);
  }
});

test('A4, A10: no sub takes the id of an organisation', (t) => {
  const made = makeId(ORGANISATION, 1_800_000_000_000, new Uint8Array(10));
  for (const sub of [made, organisationIdOf('x'.repeat(22))])
    t.is(verify(signWith(pairs.ec, claims({ sub }))), 'invalid', sub);
  for (const sub of ['o_brien', `${made}x`, `x${made}`])
    t.like(verify(signWith(pairs.ec, claims({ sub }))), { userId: sub });
});

test('A4: an algorithm is never the token’s choice', (t) => {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const unsigned = (alg: string) =>
    `${encode({ alg, typ: 'JWT', kid: pairs.rsa.kid })}.${encode(claims())}.`;
  const pem = createPublicKey(pairs.rsa.privateKey).export({ type: 'spki', format: 'pem' });
  const confused = (keyText: string) => {
    const part = `${encode({ alg: 'HS256', typ: 'JWT', kid: pairs.rsa.kid })}.${encode(claims())}`;
    return `${part}.${createHmac('sha256', keyText).update(part).digest('base64url')}`;
  };
  const [, , signature] = signWith(pairs.ec, claims()).split('.');
  const otherHeader = encode({ alg: 'RS256', typ: 'JWT', kid: pairs.ec.kid });
  for (const token of [
    unsigned('none'),
    unsigned('None'),
    unsigned('RS256'),
    confused(pem as string),
    confused(JSON.stringify(pairs.rsa.jwk)),
    confused(String(pairs.rsa.jwk['n'])),
    `${otherHeader}.${encode(claims())}.${signature}`,
    signWith({ ...pairs.ec, kid: pairs.rsa.kid }, claims()),
    signWith({ ...makeKeyPair('ES256'), kid: pairs.ec.kid }, claims()),
  ]) {
    t.is(verify(token), 'invalid', token);
  }
});

test('A4: tokens of another kind, issuer, audience or form are refused', (t) => {
  const header = (more: Record<string, unknown>) => signWith(pairs.ec, claims(), { header: more });
  for (const typ of ['JWT', 'jwt', 'at+jwt', 'application/at+jwt', undefined]) {
    const token = typ === undefined ? signWith(pairs.ec, claims()) : header({ typ });
    t.like(verify(token), { userId: 'ann' }, typ);
  }
  const wrong: readonly string[] = [
    ...['logout+jwt', 'dpop+jwt', 'secevent+jwt', ''].map((typ) => header({ typ })),
    header({ crit: ['exp'] }),
    header({ kid: 'x'.repeat(257) }),
    ...[
      { iss: 'https://id.example.com' },
      { iss: PARTNER },
      { iss: PARTNER, aud: 'shop' },
      { iss: undefined },
      { aud: undefined },
      { aud: 'shop' },
      { aud: ['shop', 'other'] },
      { aud: { livedrops: true } },
      { sub: undefined },
      { sub: '' },
      { sub: 'me' },
      { sub: 7 },
      { sub: 'with space' },
      { sub: 'x'.repeat(129) },
      { exp: undefined },
      { exp: 'tomorrow' },
      { nbf: 'now' },
      { nbf: NOW_SECONDS + CLOCK_SKEW_SECONDS + 1 },
      { iat: NOW_SECONDS + CLOCK_SKEW_SECONDS + 1 },
      { pad: 'x'.repeat(4_096) },
    ].map((more) => signWith(pairs.ec, claims(more))),
    `${signWith(pairs.ec, claims())}x`,
    'a.b.c',
    '',
  ];
  for (const token of wrong) t.is(verify(token), 'invalid', token.slice(0, 200));
  t.like(verify(signWith(pairs.ec, claims({ aud: ['other', 'livedrops'] }))), { userId: 'ann' });
});

test('A4: a clock that is up to 30 s away is tolerated, a second more is not', (t) => {
  const early = { nbf: NOW_SECONDS + CLOCK_SKEW_SECONDS, iat: NOW_SECONDS + CLOCK_SKEW_SECONDS };
  t.like(verify(signWith(pairs.ed, claims(early))), { userId: 'ann' });
  const late = signWith(pairs.ed, claims({ exp: NOW_SECONDS - CLOCK_SKEW_SECONDS + 1 }));
  t.like(verify(late), { userId: 'ann' });
  t.is(verify(signWith(pairs.ed, claims({ exp: NOW_SECONDS - CLOCK_SKEW_SECONDS }))), 'expired');
});

test('A4: roles come from the rules, never from a claim as it is', (t) => {
  for (const [more, roles] of [
    [{ roles: ['operator', 'creator'] }, []],
    [{ groups: ['operator'] }, []],
    [{ groups: ['sellers', 'others'] }, ['creator']],
    [{ realm_access: { roles: ['admin'] }, groups: ['sellers'] }, ['creator', 'operator']],
    [{ 'https://example.com/roles': ['seller'] }, ['creator']],
    [{ scope: 'openid drops:sell' }, ['creator']],
    [{ scope: 'drops:sell:not' }, []],
    [{ groups: { sellers: true } }, []],
    [{ realm_access: null }, []],
  ] as const) {
    t.like(verify(signWith(pairs.ec, claims(more))), { roles }, JSON.stringify(more));
  }
  const admin = claims({ iss: PARTNER, aud: 'shop', realm_access: { roles: ['admin'] } });
  t.like(verify(signWith(pairs.partner, admin)), { roles: [] });
});

test('A4: what a token says is read before its signature, and counts only after it', (t) => {
  let asked = 0;
  const one = known({}, [pairs.ec]);
  const issuers = new IssuerTokens([
    {
      ...one,
      keys: {
        find(algorithm, keyId) {
          asked += 1;
          return one.keys.find(algorithm, keyId);
        },
      },
    },
  ]);
  const header = { alg: 'ES256', kid: pairs.ec.kid };
  const [head, , signature] = signWith(pairs.ec, claims()).split('.');
  const changed = (more: Record<string, unknown>) =>
    `${head}.${Buffer.from(JSON.stringify(claims(more))).toString('base64url')}.${signature}`;
  t.is(issuers.verify(changed({ aud: 'other' }), header, NOW), 'invalid');
  t.is(issuers.verify(changed({ exp: 1 }), header, NOW), 'expired');
  t.is(asked, 0);
  t.is(issuers.verify(changed({ sub: 'eve' }), header, NOW), 'invalid');
  t.is(asked, 1);
});

test('A4: a token of a key that is being fetched is neither good nor bad', (t) => {
  t.is(verify(signWith({ ...pairs.ec, kid: 'not-yet' }, claims())), 'undecided');
});
