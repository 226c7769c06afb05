// What creators and buyers' shops attach to products, drops and orders for their own systems: a few
// short texts by name, and an id of theirs. It is shown to whoever may see what it is attached to,
// stays in journals for good, and is no place for anything personal.

import { Type } from 'typebox';
import { METADATA_BYTES_MAX, METADATA_TEXTS_MAX, METADATA_NAME_LENGTH_MAX } from './bounds.ts';
import { LINES, METADATA_NAME } from './patterns.ts';
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

/** JSON that is the same for the same texts, in whatever order they come. Null without any. */
export function metadataText(metadata: Metadata): string | null {
  const names = Object.keys(metadata).toSorted();
  if (names.length === 0) return null;
  const texts = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(metadata[name])}`);
  return `{${texts.join(',')}}`;
}

function bytesOf(metadata: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const [name, text] of Object.entries(metadata))
    bytes += name.length + utf8.encode(text).length;
  return bytes;
}
