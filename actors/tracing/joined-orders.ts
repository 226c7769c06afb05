// Where what is about one order goes on in the trace of the command that changed it. Nodes that
// read a journal entry know the entry's trace and the order, and nothing of the command; its owner
// tells them, by the trace that is sent.

import type { SpanPlace } from './trace-context.ts';

/** Of a journal entry, an order that it changed, and the span of the command that did. */
export interface JoinedOrder {
  readonly entryTraceId: string;
  readonly orderId: string;
  readonly command: SpanPlace;
}

/** Each is known for between one and two generations, and at least as long as there is room. */
export class JoinedOrders {
  readonly #countMax: number;
  #young = new Map<string, SpanPlace>();
  #old = new Map<string, SpanPlace>();

  /** `countMax`: of one generation. */
  constructor(options: { readonly countMax: number }) {
    this.#countMax = options.countMax;
  }

  /** Null: it is not known. */
  find(entryTraceId: string, orderId: string): SpanPlace | null {
    const key = keyOf(entryTraceId, orderId);
    return this.#young.get(key) ?? this.#old.get(key) ?? null;
  }

  add({ entryTraceId, orderId, command }: JoinedOrder): void {
    if (this.#young.size >= this.#countMax) this.age();
    this.#young.set(keyOf(entryTraceId, orderId), command);
  }

  /** Begins a new generation. */
  age(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }
}

function keyOf(entryTraceId: string, orderId: string): string {
  return `${entryTraceId} ${orderId}`;
}
