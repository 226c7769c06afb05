// The format of a recipient in a durable store: JSON with its version, beside its revision. And the
// name of an endpoint there, which says nothing of the endpoint.

import { createHash } from 'node:crypto';
import type { Recipient } from '../ports/recipients.ts';
import { NewerFormatError } from './format-version.ts';

const FORMAT = 1;

export function encodeRecipient(recipient: Recipient): string {
  const { revision: _, ...content } = recipient;
  return JSON.stringify({ format: FORMAT, ...content });
}

/** Errors: `newer-format`. */
export function decodeRecipient(text: string, revision: number): Recipient {
  const { format, ...recipient } = JSON.parse(text) as Omit<Recipient, 'revision'> & {
    format: number;
  };
  if (format > FORMAT) throw new NewerFormatError('a recipient', format);
  return { ...recipient, revision };
}

/** SHA-256 in hex. */
export function endpointHash(endpoint: string): string {
  return createHash('sha256').update(endpoint).digest('hex');
}
