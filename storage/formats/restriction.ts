// The format of a restriction in a durable store: JSON with its version. And what of it is in the
// change stream.

import type { EntityChange } from '../../contracts/changes.ts';
import type { Restriction } from '../../contracts/restrictions.ts';
import type { TakenDown } from '../../contracts/standings.ts';
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

/**
 * The record of the change stream that says so, or, where `since` is null, that it was lifted.
 * Null: there is none, since who is banned concerns nobody outside.
 */
export function recordOfRestriction(
  { kind, scope, subject, creatorId = '' }: Restriction,
  since: number | null,
): EntityChange | null {
  if (kind === 'ban') return null;
  if (kind !== 'take-down') return { kind: 'seller', creatorId: subject, standing: kind, since };
  return { kind, of: scope as TakenDown, id: subject, creatorId, since };
}
