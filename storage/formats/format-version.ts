// The version of a stored or sent format. Each format has a place for it, and what has none there
// is of version 0, as commit 9994b20 writes it. Readers know every version up to their own feature
// level and refuse others by this error, never by a guess; writers write a newer version only once
// the store has reached its level (`storage/ports/feature-level.ts`). Where each format has its
// place, and how to change one: docs/decisions/031-versions-side-by-side.md.

/** Bytes of a version that is newer than this tree: nothing is wrong with them. */
export class NewerFormatError extends Error {
  readonly code = 'newer-format';

  /** `what` is what was to be read, such as `a batch of commands`. */
  constructor(what: string, version: unknown) {
    super(`${what} has format ${String(version)}, which this version cannot read`);
  }
}
