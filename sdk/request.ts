// What is asked for, as an HTTP request; and which requests take a key or may be repeated.

import type { Request } from './transport.ts';

/** What POSTs and PATCHes begin with that take no idempotency key. */
const WITHOUT_KEY = [
  'auth/',
  'account/',
  'mail/',
  'token',
  'payments/',
  'graphql',
  'organisations/{id}/api-keys',
  'operator/rebuild',
  'operator/verify',
  'operator/operators',
  'operator/search',
  'operator/caches',
  'operator/webhooks',
  'webhooks',
  'orders/{id}/development-payment',
  'sample-shop',
];
/** A PATCH says what is to be, so that doing it twice is the same. */
const PATCHES_WITHOUT_KEY = ['PATCH /v1/users/me', 'PATCH /v1/users/me/preferences'];
/** Of these, those whose repeats do no harm. */
const REPEATABLE = ['auth/login', 'auth/refresh', 'auth/logout', 'mail/'];

export interface Asked {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Whether the server does it once for each `Idempotency-Key`. */
export function takesKey(operation: string): boolean {
  if (PATCHES_WITHOUT_KEY.includes(operation)) return false;
  return /^(POST|PATCH) /.test(operation) && !startsWith(operation, WITHOUT_KEY);
}

/** Whether it does no harm to do it twice. */
export function isRepeatable(operation: string): boolean {
  return !/^(POST|PATCH) /.test(operation) || startsWith(operation, REPEATABLE);
}

function startsWith(operation: string, paths: readonly string[]): boolean {
  return paths.some((path) => operation.replace(/^PATCH /, 'POST ').startsWith(`POST /v1/${path}`));
}

export function requestOf(
  base: string,
  operation: string,
  { path = {}, query = {}, headers, body }: Asked,
  key: string | null,
  token: string | null,
): Request {
  const [method = '', template = ''] = operation.split(' ');
  let url =
    base +
    template.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = path[name];
      if (value === undefined || value === '') throw new TypeError(`path.${name} is missing`);
      return encodeURIComponent(value);
    });
  const parameters = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(
    parameters.map(([name, value]) => [name, String(value)] as [string, string]),
  );
  if (parameters.length > 0) url += `?${search.toString()}`;
  return {
    method,
    url,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== null && { 'idempotency-key': key }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
}
