// What happens with each request besides its answer, where traces or the access log are on. Where
// both are off there is no watch, and the paths check one field.

import { isInRatio, saysSampled, traceIdOf } from '../../actors/tracing/trace-context.ts';
import type { Tracing } from '../../actors/tracing/tracing.ts';
import type { AccessLog } from './access-log.ts';
import { REQUESTS_TOGETHER_MAX, RequestTraces, type WatchedRequest } from './request-trace.ts';
import { TRACE_ID_AT, traceparentIn, withFlags } from './trace.ts';

/** Much shorter than they are held. */
const TOGETHER_MS = 250;

export interface RequestWatchOptions {
  readonly tracing: Tracing | null;
  readonly accessLog: AccessLog | null;
}

export class RequestWatch {
  readonly #tracing: Tracing | null;
  readonly #accessLog: AccessLog | null;
  #answering = '';
  /** Takes the next request. */
  #holding: RequestTraces | null = null;
  /** Monotonic. */
  #holdingUntil = 0;

  constructor({ tracing, accessLog }: RequestWatchOptions) {
    this.#tracing = tracing;
    this.#accessLog = accessLog;
  }

  /** Whether contexts are passed on. */
  get isTracing(): boolean {
    return this.#tracing !== null;
  }

  /**
   * The trace lines of a reply, with a flag that says whether this server's ratio chose the trace.
   * What a client's flag says does not count: it would choose for everybody.
   */
  linesOf(lines: string): string {
    const tracing = this.#tracing;
    if (tracing === null) return lines;
    return withFlags(lines, isInRatio(lines, TRACE_ID_AT, tracing.ratio));
  }

  /** The next request that is counted has these lines. */
  answering(lines: string): void {
    this.#answering = lines;
  }

  /** Of the request that is being counted, where its trace is sent whatever becomes of it. */
  readonly exemplar = (): { readonly traceId: string } | undefined => {
    const traceparent = traceparentIn(this.#answering);
    return saysSampled(traceparent) ? { traceId: traceIdOf(traceparent) } : undefined;
  };

  /** An order was answered. */
  orderEnded(request: WatchedRequest): void {
    this.#ended(request, this.#tracing?.slow.ordersMs ?? null);
  }

  /** Another request was answered. */
  ended(request: WatchedRequest): void {
    const isRead = request.counts.method === 'GET';
    this.#ended(request, isRead ? (this.#tracing?.slow.readsMs ?? null) : null);
  }

  /** A read was answered from memory at once: it was neither slow nor did it fail. */
  hotReadEnded(request: WatchedRequest): void {
    this.#accessLog?.note(request);
    if (this.#tracing === null || !saysSampled(traceparentIn(request.lines))) return;
    this.#hold(this.#tracing, request);
  }

  /** `slowMs`: its service level; null: it has none. */
  #ended(request: WatchedRequest, slowMs: number | null): void {
    this.#accessLog?.note(request);
    const tracing = this.#tracing;
    if (tracing === null) return;
    const { lines, status, startedAt, endedAt, isShed } = request;
    if (isShed) {
      // In an overload there are so many that they would leave no room for what is slow by it.
      if (!saysSampled(traceparentIn(lines))) return;
    } else if (status >= 500) tracing.choose(traceIdOf(traceparentIn(lines)), 'failed');
    else if (slowMs !== null && endedAt - startedAt > slowMs)
      tracing.choose(traceIdOf(traceparentIn(lines)), 'slow');
    this.#hold(tracing, request);
  }

  /** Requests of some moments are held together. */
  #hold(tracing: Tracing, request: WatchedRequest): void {
    let held = this.#holding;
    if (held === null || held.isFull || request.endedAt > this.#holdingUntil) {
      held = new RequestTraces();
      this.#holding = held;
      this.#holdingUntil = request.endedAt + TOGETHER_MS;
      tracing.hold(held, REQUESTS_TOGETHER_MAX);
    }
    held.add(request);
  }
}
