// What creators and buyers' shops attach for their own systems: how a change of it is made, and
// when two are the same.

import type { Metadata } from '../contracts/metadata.ts';

export interface Description {
  readonly metadata?: Metadata;
  readonly externalId?: string;
}

/** The description after a change of it. */
export function changedDescription(
  before: Description,
  change: { readonly metadata?: Metadata | null; readonly externalId?: string | null },
): Description {
  const metadata = change.metadata === undefined ? before.metadata : change.metadata;
  const id = change.externalId === undefined ? before.externalId : change.externalId;
  const hasTexts = metadata && Object.keys(metadata).length > 0;
  return {
    ...(hasTexts && { metadata }),
    ...(id && { externalId: id }),
  };
}

export function isSameDescription(one: Description, other: Description): boolean {
  const texts = ({ metadata }: Description) => metadata && metadataText(metadata);
  return one.externalId === other.externalId && texts(one) === texts(other);
}

/** JSON that is the same for the same texts, in whatever order they come. Null without any. */
export function metadataText(metadata: Metadata): string | null {
  const names = Object.keys(metadata).toSorted();
  if (names.length === 0) return null;
  const texts = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(metadata[name])}`);
  return `{${texts.join(',')}}`;
}
