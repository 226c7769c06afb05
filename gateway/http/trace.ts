// Trace context (W3C Trace Context, level 1) and request ids. Every reply has both. Ids are a
// random prefix and a counter: on the order path they cost two string concatenations and no system
// call.

import { randomBytes } from 'node:crypto';
import { contextOf, TRACEPARENT_LENGTH, withSampled } from '../../actors/tracing/trace-context.ts';

export interface Trace {
  readonly traceparent: string;
  readonly requestId: string;
}

const REQUEST_ID = /^[!-~]{1,128}$/;

/** Where the `traceparent` is in the lines. */
export const TRACEPARENT_AT = 'traceparent: '.length;
export const TRACEPARENT_END = TRACEPARENT_AT + TRACEPARENT_LENGTH;
/** Where the trace id begins in the lines. */
export const TRACE_ID_AT = TRACEPARENT_AT + '00-'.length;

const SPAN_ID_LENGTH = 16;
const CARRIAGE_RETURN = 13;

const COUNTER_SIZE = 65_536;
const COUNTER_TEXTS: readonly string[] = Array.from({ length: COUNTER_SIZE }, (_, value) =>
  value.toString(16).padStart(4, '0'),
);

let counter = COUNTER_SIZE;
let spanPrefix = '';
/**
 * The trace headers of a reply whose request had neither header: these three, each followed by the
 * suffix.
 */
let traceStart = '';
let spanStart = '';
let idStart = '';

/**
 * A number of four hex digits, different for each call under one prefix. Once all are used, a new
 * random prefix is made.
 */
function nextCount(): number {
  if (counter === COUNTER_SIZE) {
    const random = randomBytes(20);
    // The lowest bits are set, so that neither prefix is zeros only.
    random[0]! |= 1;
    random[14]! |= 1;
    spanPrefix = random.toString('hex', 14, 20);
    traceStart = `traceparent: 00-${random.toString('hex', 0, 14)}`;
    spanStart = `-${spanPrefix}`;
    idStart = `-00\r\nx-request-id: ${spanPrefix}`;
    counter = 0;
  }
  return counter++;
}

function nextSuffix(): string {
  return COUNTER_TEXTS[nextCount()]!;
}

/**
 * The lines of the reply's trace headers, from the request's headers (empty where absent): a valid
 * `traceparent` is continued with a new span, a valid request id is given back.
 */
export function traceHeaderLines(traceparent: string, requestId: string): string {
  const suffix = nextSuffix();
  if (traceparent === '' && requestId === '')
    return traceStart + suffix + spanStart + suffix + idStart + suffix;
  const span = spanPrefix + suffix;
  const id = requestId !== '' && REQUEST_ID.test(requestId) ? requestId : span;
  if (traceparent !== '') {
    const parent = contextOf(traceparent);
    if (parent !== null) {
      const flags = traceparent.slice(-2);
      return `traceparent: 00-${parent.traceId}-${span}-${flags}\r\nx-request-id: ${id}`;
    }
  }
  return `${traceStart}${suffix}-${span}-00\r\nx-request-id: ${id}`;
}

const SPAN_PREFIX_LENGTH = SPAN_ID_LENGTH - 4;
/** Where the suffixes are in the lines of a request that had neither header. */
const TRACE_SUFFIX_AT = TRACE_ID_AT + 28;
const SPAN_SUFFIX_AT = TRACE_SUFFIX_AT + 4 + 1 + SPAN_PREFIX_LENGTH;
const ID_SUFFIX_AT = SPAN_SUFFIX_AT + 4 + '-00\r\nx-request-id: '.length + SPAN_PREFIX_LENGTH;
const LINES_LENGTH = ID_SUFFIX_AT + 4;
const encoder = new TextEncoder();
const HEX_DIGITS = encoder.encode('0123456789abcdef');

/**
 * A head of replies that many get, as bytes with the trace headers at its end, into which each
 * reply's ids are written. Strings would be joined, flattened and encoded for each: 0.5 µs.
 */
export class StampedHead {
  /** Status line and headers, without a line break at the end. */
  readonly text: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #buffer: ArrayBuffer;
  readonly #linesAt: number;
  #prefix = '';

  constructor(text: string) {
    this.text = text;
    this.#bytes = encoder.encode(`${text}\r\n${' '.repeat(LINES_LENGTH)}`);
    this.#buffer = this.#bytes.buffer;
    this.#linesAt = this.#bytes.length - LINES_LENGTH;
  }

  /** With new ids, for a request that had neither header. It is good until the next call. */
  stamped(): ArrayBuffer {
    const count = nextCount();
    const at = this.#linesAt;
    if (this.#prefix !== traceStart) this.#writePrefixes();
    this.#writeSuffix(at + TRACE_SUFFIX_AT, count);
    this.#writeSuffix(at + SPAN_SUFFIX_AT, count);
    this.#writeSuffix(at + ID_SUFFIX_AT, count);
    return this.#buffer;
  }

  #writePrefixes(): void {
    const suffix = COUNTER_TEXTS[0]!;
    const lines = traceStart + suffix + spanStart + suffix + idStart + suffix;
    encoder.encodeInto(lines, this.#bytes.subarray(this.#linesAt));
    this.#prefix = traceStart;
  }

  #writeSuffix(at: number, count: number): void {
    const bytes = this.#bytes;
    bytes[at] = HEX_DIGITS[count >> 12]!;
    bytes[at + 1] = HEX_DIGITS[(count >> 8) & 15]!;
    bytes[at + 2] = HEX_DIGITS[(count >> 4) & 15]!;
    bytes[at + 3] = HEX_DIGITS[count & 15]!;
  }
}

/** The ids in what `traceHeaderLines` gave, with other lines after it or not. */
export function traceOf(lines: string): Trace {
  const id = TRACEPARENT_END + '\r\nx-request-id: '.length;
  const end = lines.indexOf('\r\n', id);
  return {
    traceparent: traceparentIn(lines),
    requestId: end === -1 ? lines.slice(id) : lines.slice(id, end),
  };
}

/** Whether the request id is the span id, as it is where the client sent none. */
export function hasOwnId(lines: string): boolean {
  const id = TRACEPARENT_END + '\r\nx-request-id: '.length;
  const span = TRACEPARENT_END - '-00'.length - SPAN_ID_LENGTH;
  for (let i = 0; i < SPAN_ID_LENGTH; i++)
    if (lines.charCodeAt(id + i) !== lines.charCodeAt(span + i)) return false;
  const next = lines.charCodeAt(id + SPAN_ID_LENGTH);
  return Number.isNaN(next) || next === CARRIAGE_RETURN;
}

/** As `traceOf`, where the request id is not needed. */
export function traceparentIn(lines: string): string {
  return lines.slice(TRACEPARENT_AT, TRACEPARENT_END);
}

/** The same lines, with flags that say whether this server's ratio chose the trace. */
export function withFlags(lines: string, isSampled: boolean): string {
  const ends = isSampled ? '01' : '00';
  if (lines.startsWith(ends, TRACEPARENT_END - 2)) return lines;
  const traceparent = withSampled(traceparentIn(lines), isSampled);
  return `traceparent: ${traceparent}${lines.slice(TRACEPARENT_END)}`;
}
