// What a route's result looks like on the wire: the header lines that all replies have, and entity
// tags of public reads (H10).

import { contentTag, matchesTag } from './entity-tag.ts';
import type { Origins } from './origins.ts';
import { PROBLEM_MEDIA_TYPE, problemBody, problemHeaders, problemStatus } from './problems.ts';
import type { BodyStream, IncomingRequest, Route, RouteResult } from './route.ts';
import { PAGE_SECURITY_LINES, SECURITY_LINES } from './security-headers.ts';
import type { Trace } from './trace.ts';

/** A complete reply, ready to be written. */
export interface OutgoingReply {
  readonly status: number;
  /** Header lines that many replies have, with line breaks between: the server gets one text. */
  readonly lines: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | Uint8Array | OutgoingStream;
}

export interface OutgoingStream extends BodyStream {
  /**
   * The server calls it with the error that `chunks` threw. After that the reply cannot end well.
   */
  readonly failed: (fault: unknown) => void;
}

/** `route`: null where none matched. `onFault` gets what breaks a stream off. */
export function present(
  result: RouteResult,
  route: Route | null,
  incoming: IncomingRequest,
  trace: Trace,
  origins: Origins,
  onFault: (fault: unknown) => void = () => undefined,
): OutgoingReply {
  const allowed = origins.isEmpty ? '' : origins.linesFor(incoming.header('origin'));
  const headers: (readonly [string, string])[] = [
    ['traceparent', trace.traceparent],
    ['x-request-id', trace.requestId],
  ];
  if (!result.ok) {
    const status = problemStatus(result);
    headers.push(...problemHeaders(result));
    const page = asksForHtml(incoming) ? route?.definition.problemPage?.(status) : undefined;
    if (page !== undefined) {
      headers.push(...page.headers, ['content-type', page.mediaType]);
      return { status, lines: PAGE_SECURITY_LINES + allowed, headers, body: page.body as string };
    }
    headers.push(['content-type', PROBLEM_MEDIA_TYPE], ['cache-control', 'no-store']);
    const lines = SECURITY_LINES + allowed;
    return { status, lines, headers, body: problemBody(result, incoming.path) };
  }
  const isPage = result.headers.some(([name]) => name === 'content-security-policy');
  const lines = (isPage ? PAGE_SECURITY_LINES : SECURITY_LINES) + allowed;
  headers.push(...result.headers);
  const cache = route?.definition.cache;
  const hasOwn = result.headers.some(([name]) => name === 'cache-control');
  if (!hasOwn) headers.push(['cache-control', cache ?? 'no-store']);
  if (result.mediaType !== '') headers.push(['content-type', result.mediaType]);
  const { status, body } = result;
  if (typeof body === 'object' && 'chunks' in body)
    return { status, lines, headers, body: { ...body, failed: onFault } };
  if (status === 200 && cache !== undefined && !hasOwn) {
    const given = result.headers.find(([name]) => name === 'etag')?.[1];
    const etag = given ?? contentTag(body);
    if (given === undefined) headers.push(['etag', etag]);
    if (matchesTag(incoming.header('if-none-match'), etag))
      return { status: 304, lines, headers, body: '' };
  }
  return { status, lines, headers, body };
}

/** As browsers do for what they show; `*` of other programs is no wish for a page. */
function asksForHtml({ header }: IncomingRequest): boolean {
  const types = header('accept').split(',');
  return types.some((type) => /^\s*text\/html\s*(?:;(?!\s*q=0(?:\.0*)?\s*$)|$)/i.test(type));
}
