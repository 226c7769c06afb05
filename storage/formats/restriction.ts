// The format of a restriction in a durable store: JSON with its version.

import type { Restriction } from '../../contracts/restrictions.ts';
import { NewerFormatError } from './format-version.ts';

const FORMAT = 1;

export function encodeRestriction(restriction: Restriction): string {
  return JSON.stringify({ format: FORMAT, ...restriction });
}

/** Errors: `newer-format`. */
export function decodeRestriction(text: string): Restriction {
  const { format, ...restriction } = JSON.parse(text) as Restriction & { format: number };
  if (format > FORMAT) throw new NewerFormatError('a restriction', format);
  return restriction;
}
