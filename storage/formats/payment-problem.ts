// The format of a payment that operators must look at in a durable store: JSON with its version, as
// the problem was when it was opened. How it ended is stored beside it.

import type { PaymentProblem } from '../../contracts/payment-problems.ts';
import { NewerFormatError } from './format-version.ts';

const FORMAT = 1;

export function encodePaymentProblem(problem: PaymentProblem): string {
  return JSON.stringify({ format: FORMAT, ...problem });
}

/** Errors: `newer-format`. */
export function decodePaymentProblem(
  text: string,
  end: Pick<PaymentProblem, 'outcome' | 'closedAt'> | null,
): PaymentProblem {
  const { format, ...problem } = JSON.parse(text) as PaymentProblem & { format: number };
  if (format > FORMAT) throw new NewerFormatError('a payment problem', format);
  return end === null ? problem : { ...problem, ...end, open: false };
}
