// A handler's request to another route, as the route would have it from the client itself.

import { type IncomingRequest, type InnerRequest, JSON_MEDIA_TYPE } from './route.ts';

/** What a request has of its client. */
export type ClientOfRequest = Pick<
  IncomingRequest,
  'header' | 'hasHeader' | 'door' | 'address' | 'gone'
>;

/** What such a request has of its own; the rest is its client's. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
]);
const NO_BODY = new Uint8Array(0);
const UTF8 = new TextEncoder();

export function incomingOf(inner: InnerRequest, outer: ClientOfRequest): IncomingRequest {
  const { method, path, query = '', body, headers = {} } = inner;
  const hasBody = body !== undefined;
  const own: Readonly<Record<string, string>> = {
    ...(hasBody && { 'content-type': JSON_MEDIA_TYPE }),
    ...headers,
  };
  const isOwn = (name: string) => own[name] !== undefined || OWN_HEADERS.has(name);
  return {
    method,
    path,
    query,
    header: (name) => (isOwn(name) ? (own[name] ?? '') : outer.header(name)),
    hasHeader: (name) => (isOwn(name) ? own[name] !== undefined : outer.hasHeader(name)),
    door: outer.door,
    address: outer.address,
    gone: outer.gone,
    body: hasBody ? UTF8.encode(JSON.stringify(body)) : NO_BODY,
  };
}
