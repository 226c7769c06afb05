// The gateway's counts of its requests. The order path may not call the metrics library, so counts
// are plain arrays, which are only read for /metrics.

import { assert } from '../../domain/assert.ts';
import { HTTP_CODES, type ProblemCode, REFUSAL_CODES } from '../../contracts/refusals.ts';
import type { ServiceKind } from '../../contracts/service-levels.ts';
import type { Exemplar, LabelledDurations } from './serve.ts';

const BOUNDS_MS: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_500, 5_000];
/** The last bucket has all durations above the bounds. */
const BUCKET_COUNT = BOUNDS_MS.length + 1;
const CLASSES: readonly string[] = ['1xx', '2xx', '3xx', '4xx', '5xx'];
const FAILED = CLASSES.indexOf('5xx');

type RequestDurations = 'livedrops_http_request_duration_seconds';

/**
 * The trace that the request under way belongs to, where it is sampled; called for each request.
 */
export type FindExemplar = () => { readonly traceId: string } | undefined;

export interface RouteCountsOptions {
  readonly method: string;
  readonly route: string;
  /** Null: the service levels do not count it. */
  readonly kind: ServiceKind | null;
  /** None unless given. */
  readonly exemplar?: FindExemplar | undefined;
}

/** One route's requests by class of status and duration. */
export class RouteCounts {
  readonly method: string;
  readonly route: string;
  readonly kind: ServiceKind | null;
  readonly #counts = new Float64Array(CLASSES.length * BUCKET_COUNT);
  readonly #sumsMs = new Float64Array(CLASSES.length);
  readonly #findExemplar: FindExemplar | undefined;
  /** The newest of each bucket; null before the first. */
  #exemplars: (Exemplar | undefined)[] | null = null;

  constructor({ method, route, kind, exemplar }: RouteCountsOptions) {
    this.method = method;
    this.route = route;
    this.kind = kind;
    this.#findExemplar = exemplar;
  }

  record(status: number, durationMs: number): void {
    const statusClass = (status / 100 - 1) | 0;
    let bucket = 0;
    while (bucket < BOUNDS_MS.length && durationMs > BOUNDS_MS[bucket]!) bucket += 1;
    const index = statusClass * BUCKET_COUNT + bucket;
    this.#counts[index]! += 1;
    this.#sumsMs[statusClass]! += durationMs;
    if (this.#findExemplar === undefined) return;
    const found = this.#findExemplar();
    if (found === undefined) return;
    this.#exemplars ??= Array.from({ length: this.#counts.length }, () => undefined);
    this.#exemplars[index] = { traceId: found.traceId, durationMs, at: Date.now() };
  }

  requests(): number {
    return this.#sum(() => true);
  }

  /** Those that were answered 5xx. */
  failures(): number {
    return this.#sum((statusClass) => statusClass === FAILED);
  }

  /** Those that took longer and did not fail. `ms` is one of the buckets' bounds. */
  slowerThan(ms: number): number {
    const last = BOUNDS_MS.indexOf(ms);
    assert(last >= 0, 'durations are known by their buckets');
    return this.#sum((statusClass, bucket) => statusClass !== FAILED && bucket > last);
  }

  #sum(isCounted: (statusClass: number, bucket: number) => boolean): number {
    let sum = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      const statusClass = Math.floor(index / BUCKET_COUNT);
      if (isCounted(statusClass, index % BUCKET_COUNT)) sum += this.#counts[index]!;
    }
    return sum;
  }

  /** Of the classes that the route has answered with. */
  samples(): LabelledDurations<RequestDurations>[] {
    const { method, route } = this;
    const samples: LabelledDurations<RequestDurations>[] = [];
    for (const [statusClass, status] of CLASSES.entries()) {
      const from = statusClass * BUCKET_COUNT;
      const to = from + BUCKET_COUNT;
      if (!this.#hasCounted(from, to)) continue;
      const counts = this.#counts.subarray(from, to);
      samples.push({
        labels: { method, route, status },
        durations: { boundsMs: BOUNDS_MS, counts, sumMs: this.#sumsMs[statusClass]! },
        exemplars: this.#exemplars?.slice(from, to) ?? null,
      });
    }
    return samples;
  }

  #hasCounted(from: number, to: number): boolean {
    for (let index = from; index < to; index++) if (this.#counts[index] !== 0) return true;
    return false;
  }
}

const CODES: readonly ProblemCode[] = [...REFUSAL_CODES, ...HTTP_CODES];
const INDEXES = Object.fromEntries(CODES.map((code, index) => [code, index])) as Readonly<
  Record<ProblemCode, number>
>;

/** Refused requests by code. */
export class RefusalCounts {
  readonly #counts = new Float64Array(CODES.length);

  add(code: ProblemCode): void {
    this.#counts[INDEXES[code]]! += 1;
  }

  /** Without those that never were. */
  samples(): { readonly code: ProblemCode; readonly count: number }[] {
    return CODES.map((code, index) => ({ code, count: this.#counts[index]! })).filter(
      ({ count }) => count > 0,
    );
  }
}
