// An issuer of tokens on this machine: real HTTP on loopback, keys that tests add and take away,
// and faults that they turn on.

import { generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

export interface IssuerKeyPair {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly jwk: JsonWebKey & Record<string, unknown>;
}

export interface SignOptions {
  /** Added to the header. */
  readonly header?: Record<string, unknown>;
}

let made = 0;

export function makeKeyPair(algorithm: SigningAlgorithm, bits = 2_048): IssuerKeyPair {
  const { publicKey, privateKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: bits })
      : algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  made += 1;
  const kid = `key-${made}`;
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm };
  return { kid, algorithm, privateKey, jwk };
}

/** A token with the claims as they are, whatever they say. */
export function signWith(
  { kid, algorithm, privateKey }: IssuerKeyPair,
  claims: Record<string, unknown>,
  { header }: SignOptions = {},
): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const part = `${encode({ alg: algorithm, kid, ...header })}.${encode(claims)}`;
  const hash = algorithm === 'EdDSA' ? null : 'sha256';
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${part}.${sign(hash, Buffer.from(part), key).toString('base64url')}`;
}

export class IssuerServer {
  /** The keys that are published. */
  keys: (JsonWebKey & Record<string, unknown>)[] = [];
  /** Answers instead of the right ones. Null: answers as an issuer does. */
  fault: ((response: ServerResponse) => void) | null = null;
  /** In the configuration, instead of the right fields. */
  configuration: Record<string, unknown> = {};
  /** The paths that were asked for. */
  readonly asked: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.asked.push(request.url ?? '');
      if (this.fault !== null) return this.fault(response);
      const body =
        request.url === '/jwks'
          ? { keys: this.keys }
          : { issuer: this.url, jwks_uri: `${this.url}/jwks`, ...this.configuration };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    });
  }

  static async start(): Promise<IssuerServer> {
    const issuer = new IssuerServer();
    issuer.#server.listen(0, '127.0.0.1');
    await once(issuer.#server, 'listening');
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Publishes a new key, and signs with it. */
  addKey(algorithm: SigningAlgorithm): IssuerKeyPair {
    const pair = makeKeyPair(algorithm);
    this.keys.push(pair.jwk);
    return pair;
  }

  /** Claims of an access token that is good for a while. */
  claims(sub: string, more: Record<string, unknown> = {}): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1_000);
    return { iss: this.url, aud: 'livedrops', sub, iat: now, exp: now + 900, ...more };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
