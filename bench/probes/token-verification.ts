// Measures what a token costs a gateway: verified the first time, found in the cache afterwards,
// for one's own tokens and those of other issuers (A4). Run: node_modules/.bin/node
// bench/probes/token-verification.ts

import { generateKeyPairSync, sign } from 'node:crypto';
import { AccessTokens } from '../../app/access-tokens.ts';
import { IssuerTokens } from '../../app/issuers/issuer-tokens.ts';
import { type Algorithm, keysOf } from '../../app/issuers/jwks.ts';
import { TokenVerifier } from '../../app/token-verifier.ts';
import { Authenticator } from '../../gateway/http/auth.ts';
import { RateLimits } from '../../gateway/http/rate-limits.ts';

const TOKENS = 5_000;
const ROUNDS = 5;
const SECRET = 'a secret of at least thirty-two bytes';
const ISSUER = 'https://id.example.com';
const now = Date.now();
const own = new AccessTokens({ secret: SECRET });

const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
const algorithms = Object.keys(pairs) as Algorithm[];
const keys = keysOf({
  keys: algorithms.map((kid) => ({ ...pairs[kid].publicKey.export({ format: 'jwk' }), kid })),
});
const issuer = { name: '', issuer: ISSUER, audience: 'livedrops', jwksUrl: null, roles: [] };
const find = (algorithm: Algorithm) => keys.find((key) => key.algorithm === algorithm)!;
const verifier = new TokenVerifier({
  own,
  issuers: new IssuerTokens([{ issuer, keys: { find } }]),
});

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function foreignToken(algorithm: Algorithm, user: number): string {
  const exp = Math.floor(now / 1_000) + 3_600;
  const claims = { iss: ISSUER, aud: 'livedrops', sub: `user-${user}`, exp };
  const text = `${encode({ alg: algorithm, kid: algorithm })}.${encode(claims)}`;
  const key = { key: pairs[algorithm].privateKey, dsaEncoding: 'ieee-p1363' } as const;
  const hash = algorithm === 'EdDSA' ? null : 'sha256';
  return `${text}.${sign(hash, Buffer.from(text), key).toString('base64url')}`;
}

/** CPU microseconds for each of the headers. */
function microsOf(authenticator: Authenticator, headers: readonly string[]): number {
  const before = process.cpuUsage();
  for (const header of headers) {
    if (typeof authenticator.identify(header, now) === 'string') throw new Error('was refused');
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / headers.length;
}

function median(values: readonly number[]): string {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!.toFixed(2);
}

for (const kind of ['HS256 (own)', ...algorithms] as const) {
  const headers = Array.from({ length: TOKENS }, (_, i) => {
    const token =
      kind === 'HS256 (own)'
        ? own.sign({ userId: `user-${i}`, roles: [], lifetimeSeconds: 3_600 })
        : foreignToken(kind, i);
    return `Bearer ${token}`;
  });
  const [first, repeated]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const authenticator = new Authenticator({
      verifyToken: (token, nowMs) => verifier.verify(token, nowMs),
      limits: new RateLimits({ policies: null }),
    });
    first.push(microsOf(authenticator, headers));
    repeated.push(microsOf(authenticator, headers));
  }
  process.stdout.write(`${kind}: first ${median(first)} µs, repeated ${median(repeated)} µs\n`);
}
