// The format of a contact in a durable store: JSON with its version.

import type { Contact } from '../../contracts/contacts.ts';
import { NewerFormatError } from './format-version.ts';

const FORMAT = 1;

export function encodeContact(contact: Contact): string {
  return JSON.stringify({ format: FORMAT, ...contact });
}

/** Errors: `newer-format`. `createdAt` is stored beside it, since a change keeps it. */
export function decodeContact(text: string, createdAt: number): Contact {
  const { format, ...contact } = JSON.parse(text) as Contact & { format: number };
  if (format > FORMAT) throw new NewerFormatError('a contact', format);
  return { ...contact, createdAt };
}
