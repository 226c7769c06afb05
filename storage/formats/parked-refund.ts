// The format of a parked refund in a durable store: JSON with its version.

import type { ParkedRefund } from '../../contracts/refunds.ts';
import { NewerFormatError } from './format-version.ts';

const FORMAT = 1;

/** Below feature level 3 a refund has no reason of its seller. */
type Stored = Omit<ParkedRefund, 'refundReason'> &
  Partial<Pick<ParkedRefund, 'refundReason'>> & { format: number };

export function encodeParkedRefund(refund: ParkedRefund): string {
  return JSON.stringify({ format: FORMAT, ...refund });
}

/** Errors: `newer-format`. */
export function decodeParkedRefund(text: string): ParkedRefund {
  const { format, ...refund } = JSON.parse(text) as Stored;
  if (format > FORMAT) throw new NewerFormatError('a parked refund', format);
  return { ...refund, refundReason: refund.refundReason ?? null };
}
