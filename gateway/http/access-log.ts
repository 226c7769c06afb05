// The access log: a line of JSON for each sampled request. Requests are noted as they are answered
// and written some times a second, so that the order path waits for no line. A line has the route
// and no address: those may have ids and tokens of people.

import type { Clock, Timer } from '../../actors/clock.ts';
import { isInRatio } from '../../actors/tracing/trace-context.ts';
import type { WatchedRequest } from './request-trace.ts';
import { TRACE_ID_AT, traceOf } from './trace.ts';

const FLUSH_INTERVAL_MS = 250;
/** Requests noted and not written; further ones are dropped. */
const WAITING_MAX = 20_000;

export interface AccessLine {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  /** Of the body; 0 where that is not known, or there is none. */
  readonly bytes: number;
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  /** When it was answered: milliseconds since the Unix epoch. */
  readonly at: number;
}

export interface AccessLogOptions {
  /** The share of requests that have a line. Those of one trace have one on every node, or none. */
  readonly ratio: number;
  /** Never throws and never waits. */
  readonly write: (lines: readonly AccessLine[]) => void;
  readonly clock: Clock;
}

export class AccessLog {
  readonly #options: AccessLogOptions;
  #waiting: WatchedRequest[] = [];
  #timer: Timer | null = null;
  /** Since the start. */
  dropped = 0;

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  note(request: WatchedRequest): void {
    if (!isInRatio(request.lines, TRACE_ID_AT, this.#options.ratio)) return;
    if (this.#waiting.length >= WAITING_MAX) {
      this.dropped += 1;
      return;
    }
    this.#waiting.push(request);
    this.#timer ??= this.#options.clock.after(FLUSH_INTERVAL_MS, () => this.flush());
  }

  /** Writes what waits. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const requests = this.#waiting;
    if (requests.length === 0) return;
    this.#waiting = [];
    const { clock, write } = this.#options;
    const epochOffset = clock.now() - clock.monotonic();
    write(requests.map((request) => lineOf(request, epochOffset)));
  }
}

function lineOf(request: WatchedRequest, epochOffset: number): AccessLine {
  const { lines, counts, status, startedAt, endedAt, body } = request;
  const { traceparent, requestId } = traceOf(lines);
  const [, traceId = '', spanId = ''] = traceparent.split('-');
  return {
    method: counts.method,
    route: counts.route,
    status,
    durationMs: Math.round((endedAt - startedAt) * 1_000) / 1_000,
    bytes: typeof body === 'number' ? body : Buffer.byteLength(body),
    requestId,
    traceId,
    spanId,
    at: Math.round(endedAt + epochOffset),
  };
}
