// The keys of an issuer over real HTTP: found, cached, rotated, and refused where the answer cannot
// be trusted.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import type { Issuer } from '../../../app/issuers/issuer.ts';
import {
  FETCH_INTERVAL_MIN_MS,
  IssuerKeys,
  KEYS_AGE_MAX_MS,
  REFRESH_INTERVAL_MS,
} from '../../../app/issuers/issuer-keys.ts';
import { KEYS_MAX } from '../../../app/issuers/jwks.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { IssuerServer, makeKeyPair } from '../../servers/issuer-server.ts';

/** Of a machine that does much else meanwhile; and of an answer that is waited for in vain. */
const TIMEOUT_MS = 40_000;
const SHORT_TIMEOUT_MS = 1_500;

interface Setting {
  readonly server: IssuerServer;
  readonly keys: IssuerKeys;
  readonly clock: ManualClock;
  readonly warnings: string[];
}

async function setting(
  t: ExecutionContext,
  issuer: Partial<Issuer> = {},
  timeoutMs = TIMEOUT_MS,
): Promise<Setting> {
  const server = await IssuerServer.start();
  t.teardown(() => server.stop());
  const clock = new ManualClock(Date.parse('2027-01-01T00:00:00.000Z'));
  const warnings: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
  const keys = new IssuerKeys({
    issuer: {
      name: '',
      issuer: server.url,
      audience: 'livedrops',
      jwksUrl: null,
      roles: [],
      ...issuer,
    },
    clock,
    log,
    timeoutMs,
  });
  t.teardown(() => keys.stop());
  return { server, keys, clock, warnings };
}

const isKey = (found: unknown): boolean => typeof found === 'object';

test('A4: keys are found by the configuration of the issuer, or by their address', async (t) => {
  const { server, keys } = await setting(t);
  const { kid } = server.addKey('ES256');
  await keys.start();
  t.true(isKey(keys.find('ES256', kid)));
  t.deepEqual(server.asked, ['/.well-known/openid-configuration', '/jwks']);
  const direct = await setting(t, { jwksUrl: `${server.url}/jwks` });
  await direct.keys.start();
  t.true(isKey(direct.keys.find('ES256', kid)));
  t.deepEqual(direct.server.asked, []);
});

test('A4: a key is found under its own algorithm only', async (t) => {
  const { server, keys } = await setting(t);
  const [one, other] = [server.addKey('ES256'), server.addKey('RS256')];
  await keys.start();
  t.true(isKey(keys.find('RS256', other.kid)));
  t.is(keys.find('RS256', one.kid), 'unknown');
  // Without a key id it must be the only one of its kind.
  t.true(isKey(keys.find('ES256', null)));
  server.addKey('ES256');
  t.is(keys.find('EdDSA', null), 'unknown');
});

test('A4: keys are fetched by one request at a time, however many ask', async (t) => {
  const { server, keys, clock } = await setting(t);
  const held: ServerResponse[] = [];
  server.fault = (response) => void held.push(response);
  const started = keys.start();
  while (held.length === 0) await new Promise(setImmediate);
  for (let i = 0; i < 1_000; i++) t.is(keys.find('ES256', `k${i}`), 'undecided');
  t.is(server.asked.length, 1);
  for (const response of held) response.destroy();
  await started;
  server.fault = null;
  const { kid } = server.addKey('ES256');
  await clock.advance(FETCH_INTERVAL_MIN_MS);
  await keys.refresh();
  t.true(isKey(keys.find('ES256', kid)));
});

test('A4: a key that is not known is fetched at once, and forged ones at a bounded rate', async (t) => {
  const { server, keys, clock } = await setting(t);
  server.addKey('EdDSA');
  await keys.start();
  const fetches = () => server.asked.filter((path) => path === '/jwks').length;
  t.is(fetches(), 1);
  await clock.advance(FETCH_INTERVAL_MIN_MS);
  const rotated = server.addKey('EdDSA');
  t.is(keys.find('EdDSA', rotated.kid), 'undecided');
  await keys.refresh();
  t.true(isKey(keys.find('EdDSA', rotated.kid)));
  t.is(fetches(), 2);
  for (let i = 0; i < 1_000; i++) t.is(keys.find('EdDSA', `forged-${i}`), 'undecided');
  t.is(fetches(), 2);
  await clock.advance(FETCH_INTERVAL_MIN_MS);
  t.is(keys.find('EdDSA', 'forged-999'), 'undecided');
  await keys.refresh();
  t.is(fetches(), 3);
  t.is(keys.find('EdDSA', 'forged-999'), 'unknown');
  // The first ones are forgotten, and ask for a fetch again, when that is allowed.
  t.is(keys.find('EdDSA', 'forged-0'), 'undecided');
  t.is(fetches(), 3);
});

test('A4: while the issuer is away its keys go on for a day, then no longer', async (t) => {
  const { server, keys, clock, warnings } = await setting(t);
  const { kid } = server.addKey('RS256');
  await keys.start();
  server.fault = (response) => response.writeHead(503).end();
  await clock.advance(REFRESH_INTERVAL_MS);
  await keys.refresh();
  t.regex(warnings.join(), /answered 503/);
  t.true(isKey(keys.find('RS256', kid)));
  await clock.advance(KEYS_AGE_MAX_MS - REFRESH_INTERVAL_MS);
  t.true(isKey(keys.find('RS256', kid)));
  await clock.advance(1);
  await keys.refresh();
  t.is(keys.find('RS256', kid), 'undecided');
  server.fault = null;
  await keys.refresh();
  await clock.advance(FETCH_INTERVAL_MIN_MS);
  keys.find('RS256', kid);
  await keys.refresh();
  t.true(isKey(keys.find('RS256', kid)));
});

test('A4: keys are refreshed now and then, and those that are gone are told', async (t) => {
  const { server, keys, clock } = await setting(t);
  const [old, next] = [server.addKey('ES256'), server.addKey('ES256')];
  await keys.start();
  let removals = 0;
  keys.onRemoved(() => (removals += 1));
  server.addKey('ES256');
  await clock.advance(REFRESH_INTERVAL_MS);
  await keys.refresh();
  t.is(removals, 0);
  server.keys.shift();
  await keys.refresh();
  t.is(removals, 1);
  t.is(keys.find('ES256', old.kid), 'undecided');
  t.true(isKey(keys.find('ES256', next.kid)));
  // The same id for another key is another key.
  server.keys = [{ ...makeKeyPair('ES256').jwk, kid: next.kid }];
  await keys.refresh();
  t.is(removals, 2);
  t.true(isKey(keys.find('ES256', next.kid)));
});

const page = (body: string) => (response: ServerResponse) => void response.end(body);

for (const [name, fault, reason] of [
  [
    'a set of more than 64 KiB',
    page(`{"keys":["${'x'.repeat(65_536)}"]}`),
    /more than 65536 bytes/,
  ],
  ['what is no JSON', page('<html>'), /did not answer JSON/],
  ['what is no set of keys', page('{"keys":{}}'), /no JSON Web Key Set/],
  ['null', page('null'), /no JSON Web Key Set/],
  ['no keys', page('{"keys":[]}'), /has no key for/],
  [
    'too many keys',
    page(JSON.stringify({ keys: Array.from({ length: KEYS_MAX + 1 }, () => ({})) })),
    /more than 64 keys/,
  ],
  [
    'a redirect',
    (response: ServerResponse) => void response.writeHead(302, { location: '/other' }).end(),
    /redirect|fetch failed/,
  ],
  ['an answer that never begins', () => undefined, /timeout|aborted/i],
  [
    'an answer that never ends',
    (response: ServerResponse) => void response.write('{"keys":['),
    /timeout|aborted/i,
  ],
] as const) {
  test(`A4: ${name} brings no keys`, async (t) => {
    const server = await IssuerServer.start();
    t.teardown(() => server.stop());
    const timeoutMs = name.startsWith('an answer') ? SHORT_TIMEOUT_MS : TIMEOUT_MS;
    const { keys, warnings } = await setting(t, { jwksUrl: `${server.url}/jwks` }, timeoutMs);
    server.fault = fault;
    await keys.start();
    t.is(keys.find('ES256', 'any'), 'undecided');
    t.regex(warnings.join(), reason);
    t.deepEqual(server.asked, ['/jwks']);
  });
}

test('A4: a configuration of another issuer, or with keys elsewhere, is refused', async (t) => {
  for (const [configuration, reason] of [
    [{ issuer: 'http://127.0.0.1:1' }, /that of another issuer/],
    [{ issuer: undefined }, /that of another issuer/],
    [{ jwks_uri: 'http://keys.example.com/jwks' }, /no jwks_uri that can be trusted/],
    [{ jwks_uri: 'file:///etc/passwd' }, /no jwks_uri that can be trusted/],
    [{ jwks_uri: 7 }, /no jwks_uri that can be trusted/],
  ] as const) {
    const { server, keys, warnings } = await setting(t);
    server.configuration = configuration;
    server.addKey('ES256');
    await keys.start();
    t.is(keys.find('ES256', null), 'undecided');
    t.regex(warnings.join(), reason);
  }
});

test('A4: weak keys, secret keys and keys for something else are no keys', async (t) => {
  const { server, keys } = await setting(t);
  const good = server.addKey('ES256');
  const weak = makeKeyPair('RS256', 1_024);
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  const { privateKey } = makeKeyPair('EdDSA');
  server.keys.push(
    weak.jwk,
    { ...p384.export({ format: 'jwk' }), kid: 'p384' },
    { kty: 'oct', k: randomBytes(32).toString('base64url'), kid: 'oct', alg: 'HS256' },
    { ...privateKey.export({ format: 'jwk' }), kid: 'private' },
    { ...makeKeyPair('RS256').jwk, kid: 'encrypts', use: 'enc' },
    { ...makeKeyPair('RS256').jwk, kid: 'other', alg: 'PS256' },
    { ...makeKeyPair('ES256').jwk, kid: 'wraps', key_ops: ['wrapKey'] },
    { ...makeKeyPair('ES256').jwk, kid: 'broken', x: 'AAAA' },
  );
  await keys.start();
  t.true(isKey(keys.find('ES256', good.kid)));
  for (const algorithm of ['RS256', 'ES256', 'EdDSA'] as const) {
    for (const { kid } of server.keys.slice(1))
      t.is(keys.find(algorithm, String(kid)), 'undecided', String(kid));
  }
});
