// The ids of traces that are sent although their ratio did not choose them. An id is known for
// between one and two generations, and at least as long as there is room.
//
// Of ten thousand contexts that are looked through, some ten are of such a trace, and an id that is
// looked up in a set is a text made of the context, and hashed. So each id is in a table of one bit
// for each number that its last digits can be (a Bloom filter of one hash): most contexts are
// passed over by five of their characters. With both generations full, one of 26 is looked up in
// vain.

import { TRACE_AT, TRACE_ID_LENGTH } from './trace-context.ts';

const MARK_DIGITS = 5;
const MARKS = 16 ** MARK_DIGITS;
const MARK_AT = TRACE_AT + TRACE_ID_LENGTH - MARK_DIGITS;

/** Of the `traceparent` that begins at `at` in the text: what `ChosenTraces.mayHave` takes. */
export function markIn(text: string, at: number): number {
  let mark = 0;
  for (let i = at + MARK_AT; i < at + MARK_AT + MARK_DIGITS; i++)
    mark = mark * 16 + digitOf(text.charCodeAt(i));
  return mark;
}

/** The same of a `traceparent` in bytes. */
export function markInBytes(bytes: Uint8Array, at: number): number {
  let mark = 0;
  for (let i = at + MARK_AT; i < at + MARK_AT + MARK_DIGITS; i++)
    mark = mark * 16 + digitOf(bytes[i]!);
  return mark;
}

/** Of a lower-case hexadecimal digit. */
function digitOf(code: number): number {
  return code <= 57 ? code - 48 : code - 87;
}

interface Generation {
  readonly ids: Set<string>;
  readonly marks: Uint8Array;
}

function newGeneration(): Generation {
  return { ids: new Set(), marks: new Uint8Array(MARKS / 8) };
}

export class ChosenTraces {
  readonly #countMax: number;
  #young = newGeneration();
  #old = newGeneration();

  /** `countMax`: ids of one generation. */
  constructor(options: { readonly countMax: number }) {
    this.#countMax = options.countMax;
  }

  /** False: it has no id with this mark. */
  mayHave(mark: number): boolean {
    const byte = mark >>> 3;
    return ((this.#young.marks[byte]! | this.#old.marks[byte]!) & (1 << (mark & 7))) !== 0;
  }

  has(traceId: string): boolean {
    if (!this.mayHave(markIn(traceId, -TRACE_AT))) return false;
    return this.#young.ids.has(traceId) || this.#old.ids.has(traceId);
  }

  add(traceId: string): void {
    if (this.#young.ids.size >= this.#countMax) this.age();
    const { ids, marks } = this.#young;
    ids.add(traceId);
    const mark = markIn(traceId, -TRACE_AT);
    marks[mark >>> 3]! |= 1 << (mark & 7);
  }

  /** Begins a new generation. */
  age(): void {
    this.#old = this.#young;
    this.#young = newGeneration();
  }
}
