// What creators and buyers' shops attach to products, drops and orders for their own systems: a few
// short texts by name, and an id of theirs. It is shown to whoever may see what it is attached to,
// stays in journals for good, and is no place for anything personal.

import { Type } from 'typebox';
import {
  EXTERNAL_ID_LENGTH_MAX,
  METADATA_BYTES_MAX,
  METADATA_TEXTS_MAX,
  METADATA_NAME_LENGTH_MAX,
} from './bounds.ts';
import { LINES, METADATA_NAME, VISIBLE } from './patterns.ts';
import type { Plain } from './plain.ts';

const TOO_LONG = `must have at most ${METADATA_BYTES_MAX} bytes, names and texts together`;
const utf8 = new TextEncoder();

/** Texts by name. All names and texts together are bounded in bytes of UTF-8. */
export const Metadata = Type.Refine(
  Type.Record(
    Type.String({ pattern: METADATA_NAME }),
    Type.String({ maxLength: METADATA_BYTES_MAX, pattern: LINES }),
    {
      additionalProperties: false,
      maxProperties: METADATA_TEXTS_MAX,
      title: 'Metadata',
      description:
        `up to ${METADATA_TEXTS_MAX} texts, ${METADATA_BYTES_MAX} bytes in all; names have up to ` +
        `${METADATA_NAME_LENGTH_MAX} letters, digits, and . _ - behind the first; nothing personal`,
      examples: [{ campaign: 'spring', size: 'L' }],
    },
  ),
  (metadata) => bytesOf(metadata) <= METADATA_BYTES_MAX,
  () => TOO_LONG,
);
export type Metadata = Plain<typeof Metadata>;

/** An id of the creator's own system. Two products, or two drops, may have the same. */
export const externalId = Type.String({
  minLength: 1,
  maxLength: EXTERNAL_ID_LENGTH_MAX,
  pattern: VISIBLE,
});

/** What products and drops have of it; absent without any. */
export const described = {
  metadata: Type.Optional(Metadata),
  externalId: Type.Optional(externalId),
} as const;
/** In a change: no texts take away all, null takes away the id. */
export const describedAnew = {
  metadata: Type.Optional(Metadata),
  externalId: Type.Optional(Type.Union([externalId, Type.Null()])),
} as const;

function bytesOf(metadata: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const [name, text] of Object.entries(metadata))
    bytes += name.length + utf8.encode(text).length;
  return bytes;
}
