// Trace contexts: where a span is in its trace, as W3C Trace Context (level 1) writes it in
// `traceparent`. Ids are lower-case hexadecimal: 32 digits of a trace, 16 of a span.

import { randomBytes } from 'node:crypto';

/** A `traceparent` has always as many characters. */
export const TRACEPARENT_LENGTH = 55;
/** Version 00 only. A trace id or span id of zeros only is invalid. */
export const TRACEPARENT =
  /^00-(?!0{32})(?<trace>[0-9a-f]{32})-(?!0{16})(?<span>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})$/;

/** Where the trace id begins in a `traceparent`, and where the span id does. */
export const TRACE_AT = 3;
const SPAN_AT = 36;
const FLAGS_AT = 53;
/** Its last digit, of the contexts that this server makes. */
export const SAMPLED_AT = FLAGS_AT + 1;
export const SAMPLED_CODE = 49;

export const TRACE_ID_LENGTH = 32;
const SPAN_ID_LENGTH = 16;
/** Span ids of one read of random bytes. */
const IDS_AT_ONCE = 512;
/** Of a trace id, for its ratio: those on the right. */
const HASHED_DIGITS = 12;

export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
}

export interface TraceContext extends SpanPlace {
  /** The trace was chosen by its ratio when it began. False: that is not known, or it was not. */
  readonly isSampled: boolean;
}

export function contextOf(traceparent: string): TraceContext | null {
  const groups = TRACEPARENT.exec(traceparent)?.groups;
  if (groups === undefined) return null;
  const { trace, span, flags } = groups;
  return { traceId: trace!, spanId: span!, isSampled: (Number.parseInt(flags!, 16) & 1) === 1 };
}

export function traceparentOf({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** The trace id of a valid `traceparent`. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(TRACE_AT, TRACE_AT + TRACE_ID_LENGTH);
}

/**
 * Whether a valid `traceparent` of this server says that its trace was chosen by its ratio. `at`:
 * where it begins in the text.
 */
export function saysSampled(text: string, at = 0): boolean {
  return text.charCodeAt(at + SAMPLED_AT) === SAMPLED_CODE;
}

export function withSampled(traceparent: string, isSampled: boolean): string {
  return `${traceparent.slice(0, FLAGS_AT)}${isSampled ? '01' : '00'}`;
}

/**
 * The context of the call that a request makes: its id follows from that of the request's span (the
 * highest bit of the first digit is the other one), so that a request that needs it seldom has one
 * text less to remember.
 */
export function callOf(traceparent: string): string {
  return (
    traceparent.slice(0, SPAN_AT) +
    flipped(traceparent.charCodeAt(SPAN_AT)) +
    traceparent.slice(SPAN_AT + 1)
  );
}

export function callSpanId(spanId: string): string {
  return flipped(spanId.charCodeAt(0)) + spanId.slice(1);
}

function flipped(code: number): string {
  const digit = code <= 57 ? code - 48 : code - 87;
  return (digit ^ 8).toString(16);
}

let ids = '';
let idsAt = 0;

export function newSpanId(): string {
  if (idsAt === ids.length) {
    ids = randomBytes((IDS_AT_ONCE * SPAN_ID_LENGTH) / 2).toString('hex');
    idsAt = 0;
  }
  const id = ids.slice(idsAt, idsAt + SPAN_ID_LENGTH);
  idsAt += SPAN_ID_LENGTH;
  return /^0+$/.test(id) ? newSpanId() : id;
}

export function newTraceId(): string {
  return newSpanId() + newSpanId();
}

export interface JournalEntryPlace {
  readonly shard: number;
  readonly sequence: number;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

/**
 * The span of a journal entry, which begins a trace of its own. Every node makes its ids of the
 * entry, without being told.
 */
export function entryContext(entry: JournalEntryPlace): SpanPlace {
  const { shard, sequence, time } = entry;
  let digits = '';
  for (let lane = 1; lane <= 6; lane++) {
    let hash = mixed(lane ^ shard);
    hash = mixed(hash ^ sequence);
    hash = mixed(hash ^ Math.floor(sequence / 2 ** 32));
    hash = mixed(hash ^ time);
    hash = mixed(hash ^ Math.floor(time / 2 ** 32));
    // One bit is set in each part, so that no id is zeros only.
    digits += ((hash | 1) >>> 0).toString(16).padStart(8, '0');
  }
  return { traceId: digits.slice(0, TRACE_ID_LENGTH), spanId: digits.slice(TRACE_ID_LENGTH) };
}

/**
 * Whether a trace is one of `ratio` of all, from 0 to 1: the same on every node. The id is hashed
 * (FNV-1a), because those that this server makes differ in their last digits only; and these are
 * enough, since W3C Trace Context has the random part of an id on the right. `at`: where the id
 * begins in the text.
 */
export function isInRatio(text: string, at: number, ratio: number): boolean {
  if (ratio === 0) return false;
  let hash = 0x811c9dc5;
  for (let i = at + TRACE_ID_LENGTH - HASHED_DIGITS; i < at + TRACE_ID_LENGTH; i++)
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixed(hash) >>> 0 < ratio * 2 ** 32;
}

/** The finalizer of MurmurHash3: each bit of the number changes half of the bits of the result. */
function mixed(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
