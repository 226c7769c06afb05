// A span that has ended, as it is sent.

import type { JoinedOrder } from './joined-orders.ts';
import type { SpanPlace } from './trace-context.ts';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface FinishedSpan extends SpanPlace {
  /** Null: it begins its trace. */
  readonly parentId: string | null;
  readonly name: string;
  readonly kind: SpanKind;
  /** Milliseconds since the Unix epoch, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly links: readonly SpanPlace[];
  /** In a word; null: it did not fail. */
  readonly error: string | null;
  /** As a client sent it, where it is valid. */
  readonly tracestate?: string;
}

/** What becomes spans if their traces are sent: kept until that is known. */
export interface Held {
  /** Adds the spans of the traces that `out` wants. */
  emit(out: SpanOutput): void;
}

export interface SpanOutput {
  /**
   * Whether a trace with such a mark (`markIn`) may be sent although its ratio did not choose it.
   * Most of what is held is passed over by that and the flag, without making a text of it.
   */
  mayHaveChosen(mark: number): boolean;
  /** Whether the trace of a valid `traceparent` is sent. */
  wants(traceparent: string): boolean;
  /** Whether the trace of a journal entry is. */
  wantsEntry(entry: SpanPlace): boolean;
  /** The trace follows from one that is sent, so it is sent as well, on all nodes. */
  follow(traceId: string): void;
  /** What is about the order, and of the journal entry, goes on in the trace of the command. */
  join(order: JoinedOrder): void;
  /** The command whose trace has what is about the order, of the entry; null: none is known. */
  commandOf(entryTraceId: string, orderId: string): SpanPlace | null;
  /** Whether spans can be sent. Where not, that is counted. */
  hasRoom(): boolean;
  add(span: FinishedSpan): void;
  /** Milliseconds since the Unix epoch, of a monotonic time. */
  epochMs(monotonic: number): number;
}
