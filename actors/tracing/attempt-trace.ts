// A call to an owner that did not do what a command asked for: another owner had the shard, or no
// answer came. The router sends the command again, in the same trace.

import type { Held, SpanOutput } from './span.ts';
import { contextOf, newSpanId } from './trace-context.ts';

export interface Attempt {
  /** Of the router's span. */
  readonly traceparent: string;
  readonly nodeId: string;
  readonly outcome: 'moved' | 'lost';
  /** Monotonic. */
  readonly startedAt: number;
  readonly endedAt: number;
}

export class AttemptTrace implements Held {
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  emit(out: SpanOutput): void {
    const { traceparent, nodeId, outcome, startedAt, endedAt } = this.#attempt;
    if (!out.wants(traceparent)) return;
    const context = contextOf(traceparent)!;
    out.add({
      traceId: context.traceId,
      spanId: newSpanId(),
      parentId: context.spanId,
      name: `shard.attempt ${outcome}`,
      kind: 'client',
      startMs: out.epochMs(startedAt),
      endMs: out.epochMs(endedAt),
      attributes: { 'livedrops.owner': nodeId, 'livedrops.outcome': outcome },
      links: [],
      error: null,
    });
  }
}
