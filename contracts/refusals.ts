// Every refusal the product can give, by its stable code. A refusal is a value that callers branch
// on; a fault is thrown. `gateway/http/problems.ts` gives each code its HTTP status and title.

import { Type } from 'typebox';
import type { Plain } from './plain.ts';
import { count } from './scalars.ts';
import { wireTime } from './wire.ts';

export const REFUSAL_CODES = [
  'sold-out',
  'insufficient-stock',
  'drop-not-live',
  'drop-already-started',
  'drop-ended',
  'drop-paused',
  'pass-required',
  'pass-invalid',
  'pass-not-yet',
  'pass-used',
  'limit-per-user',
  'hold-expired',
  'order-not-cancellable',
  'order-not-refundable',
  'order-not-payable',
  'idempotency-key-missing',
  'idempotency-key-reused',
  'request-in-progress',
  'email-taken',
  'drops-not-over',
  'last-owner',
  'already-running',
  'too-many',
  'precondition-failed',
  'drop-announced',
  'order-over',
  'export-not-done',
  'media-too-large',
  'media-quota',
  'media-in-use',
  'webhook-disabled',
  'invalid-request',
  'unauthenticated',
  'second-factor-required',
  'forbidden',
  'banned',
  'suspended',
  'not-approved',
  'not-found',
  'rate-limited',
  'overloaded',
  'unavailable',
  'search-unavailable',
] as const;
export const RefusalCode = Type.Enum([...REFUSAL_CODES]);
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Codes that only the HTTP floor gives, besides the product's refusals. */
export const HTTP_CODES = [
  'method-not-allowed',
  'payload-too-large',
  'unsupported-media-type',
  'upgrade-required',
  'position-trimmed',
  'range-not-satisfiable',
  'tus-version',
  'upload-offset',
  'upload-locked',
  'checksum-mismatch',
  'internal',
] as const;
export type ProblemCode = RefusalCode | (typeof HTTP_CODES)[number];

export const Refusal = Type.Object({
  ok: Type.Literal(false),
  code: RefusalCode,
  /** One sentence for the person who made the request; never internal text. */
  detail: Type.Optional(Type.String()),
  /** The drop's version the refusal was decided at, where a drop decided it (O8). */
  version: Type.Optional(count),
  /**
   * When the drop opens, or opens for the buyer's pass, where it has not: milliseconds since the
   * Unix epoch (D5).
   */
  startsAt: Type.Optional(Type.Integer()),
  /** The buyer's own order that stands in the way (O6a). */
  orderId: Type.Optional(Type.String()),
  /** When to try again, where that is known, in milliseconds from now. */
  retryAfterMs: Type.Optional(Type.Integer()),
});
export type Refusal = Plain<typeof Refusal>;

export interface Success<T> {
  readonly ok: true;
  readonly value: T;
  /** The first answer to the same request, given again: nothing was done (H11). */
  readonly replayed?: true;
}

export type Outcome<T> = Success<T> | Refusal;

/** A refusal as HTTP tells it: RFC 9457. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ enum: [...REFUSAL_CODES, ...HTTP_CODES] }),
    detail: Type.Optional(Type.String()),
    instance: Type.Optional(Type.String()),
    version: Type.Optional(count),
    /**
     * With `drop-not-live`: when the drop opens; with `pass-not-yet`: when it does for the pass.
     */
    startsAt: Type.Optional(wireTime),
    /** Beside `startsAt`: the server's clock, in milliseconds since the Unix epoch. */
    serverTime: Type.Optional(Type.Integer()),
    /**
     * With `limit-per-user`, `pass-used`, `sold-out` and `insufficient-stock`: an order of the
     * buyer that has units of the drop.
     */
    orderId: Type.Optional(Type.String()),
  },
  { title: 'Problem' },
);
