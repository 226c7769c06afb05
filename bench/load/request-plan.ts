// Prepares the requests of a load generator as bytes: orders, each with its own key and spread over
// enough buyers that no buyer reaches the limit, and the other requests of a mix.

import { randomNumbers } from './random.ts';

export const KEY_LENGTH = 36;

/** Orders of one drop, or of several; or reads. */
export interface RequestPlan {
  readonly host: string;
  readonly port: number;
  /** Paths of the order requests; each order takes one at random. */
  readonly paths: readonly string[];
  /** One access token for each buyer. */
  readonly tokens: readonly string[];
  /** Null: the paths are read, without a key. */
  readonly body: string | null;
  /** Further headers of reads. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One kind of request among others. */
export interface RequestKind {
  /** The name under which latencies are reported. Several kinds may share it. */
  readonly name: string;
  /** Frequency relative to the weights of the other kinds. */
  readonly weight: number;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Each request takes one at random. */
  readonly paths: readonly string[];
  /** Used in turn. */
  readonly tokens: readonly string[];
  readonly body: string | null;
  /** True if each request has its own idempotency key. */
  readonly keyed: boolean;
}

export interface PreparedRequest {
  readonly bytes: Buffer;
  /** Offset of the key; -1 without a key. */
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

/** One request as bytes, with a placeholder key where it is an order. */
export function requestBytes(
  plan: RequestPlan,
  token: string,
  path: string = plan.paths[0]!,
): PreparedRequest {
  const key = '0'.repeat(KEY_LENGTH);
  if (plan.body === null) {
    const headers = { host: `${plan.host}:${plan.port}`, ...plan.headers };
    return { bytes: asBytes({ method: 'GET', path, headers, body: null }), keyAt: -1 };
  }
  const headers = headersFor(plan, token, key);
  const bytes = asBytes({ method: 'POST', path, headers, body: plan.body });
  return { bytes, keyAt: bytes.indexOf(KEY_HEADER) + KEY_HEADER.length };
}

/** Prepared orders of each buyer with different paths, if the plan has several. */
const PATHS_PER_TOKEN_MAX = 4;

/** The orders of these buyers. The load sends them in turn, each time with a new key. */
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

/** The orders of a plan as one request kind. */
export function ordersOf(plan: RequestPlan): RequestKind {
  const { paths, tokens, body } = plan;
  return { name: 'orders', weight: 1, method: 'POST', paths, tokens, body, keyed: true };
}

/** Requests prepared for each kind: enough different users and paths. */
const PREPARED_PER_KIND = 4096;

/** The requests of a kind. The load sends them in turn, with new keys if the kind has keys. */
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

/** Writes a new key into a prepared request. */
export function writeKey({ bytes, keyAt }: PreparedRequest, key: string): void {
  bytes.write(key.padEnd(KEY_LENGTH, 'x'), keyAt, KEY_LENGTH, 'latin1');
}
