// The requests a load generator sends, prepared as bytes: orders, each under a key of its own and
// spread over enough buyers that nobody reaches a limit, and whatever else a mix of requests has.

import { randomNumbers } from './random.ts';

export const KEY_LENGTH = 36;

/** Orders of one drop, or of several. */
export interface RequestPlan {
  readonly host: string;
  readonly port: number;
  /** Where orders go; of several, each order takes one at random. */
  readonly paths: readonly string[];
  /** One access token for each buyer. */
  readonly tokens: readonly string[];
  readonly body: string;
}

/** One kind of request among others. */
export interface RequestKind {
  /** What its latencies are told under; several kinds may share it. */
  readonly name: string;
  /** How often it comes, beside the weights of the other kinds. */
  readonly weight: number;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** One at random for each request. */
  readonly paths: readonly string[];
  /** In turn. */
  readonly tokens: readonly string[];
  readonly body: string | null;
  /** Whether each request has an idempotency key of its own. */
  readonly keyed: boolean;
}

export interface PreparedRequest {
  readonly bytes: Buffer;
  /** Where the key stands; -1 where there is none. */
  readonly keyAt: number;
}

export function headersFor(
  { host, port }: Pick<RequestPlan, 'host' | 'port'>,
  token: string,
  key: string,
): Record<string, string> {
  return {
    host: `${host}:${port}`,
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'idempotency-key': key,
  };
}

/** One order as bytes, its key at `keyAt`. */
export function requestBytes(
  plan: RequestPlan,
  token: string,
  path: string = plan.paths[0]!,
): PreparedRequest {
  const key = '0'.repeat(KEY_LENGTH);
  const headers = headersFor(plan, token, key);
  const bytes = asBytes({ method: 'POST', path, headers, body: plan.body });
  return { bytes, keyAt: bytes.indexOf(KEY_HEADER) + KEY_HEADER.length };
}

/** Of several paths, that many orders of each buyer take another one; then they begin again. */
const PATHS_PER_TOKEN_MAX = 4;

/** The orders of these buyers, to be sent in turn under new keys. */
export function preparedOrders(
  plan: RequestPlan,
  tokens: readonly string[],
  seed: number,
): PreparedRequest[] {
  const { paths } = plan;
  const random = randomNumbers(seed);
  const requests: PreparedRequest[] = [];
  for (let turn = 0; turn < Math.min(paths.length, PATHS_PER_TOKEN_MAX); turn++) {
    for (const token of tokens) requests.push(requestBytes(plan, token, pick(paths, random)));
  }
  return requests;
}

/** The orders of a plan, as one kind of request. */
export function ordersOf(plan: RequestPlan): RequestKind {
  const { paths, tokens, body } = plan;
  return { name: 'orders', weight: 1, method: 'POST', paths, tokens, body, keyed: true };
}

/** Prepared for each kind that many, enough that the next one has another user and path. */
const PREPARED_PER_KIND = 4096;

/** Requests of a kind, to be sent in turn, those with keys under new ones. */
export function preparedRequests(
  address: Pick<RequestPlan, 'host' | 'port'>,
  kind: RequestKind,
  seed: number,
): PreparedRequest[] {
  const { method, paths, tokens, body } = kind;
  const random = randomNumbers(seed);
  return Array.from({ length: PREPARED_PER_KIND }, (_, i) => {
    const headers = headersFor(address, tokens[i % tokens.length]!, '0'.repeat(KEY_LENGTH));
    if (!kind.keyed) delete headers['idempotency-key'];
    if (body === null) delete headers['content-type'];
    const bytes = asBytes({ method, path: pick(paths, random), headers, body });
    return { bytes, keyAt: kind.keyed ? bytes.indexOf(KEY_HEADER) + KEY_HEADER.length : -1 };
  });
}

const KEY_HEADER = 'idempotency-key: ';

function asBytes(request: {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string | null;
}): Buffer {
  const { method, path, body } = request;
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (body !== null) headers.push(`content-length: ${Buffer.byteLength(body)}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${headers.join('')}\r\n${body ?? ''}`);
}

function pick(items: readonly string[], random: () => number): string {
  return items[Math.floor(random() * items.length)]!;
}

/** Puts a new key into a prepared request. */
export function writeKey({ bytes, keyAt }: PreparedRequest, key: string): void {
  bytes.write(key.padEnd(KEY_LENGTH, 'x'), keyAt, KEY_LENGTH, 'latin1');
}
