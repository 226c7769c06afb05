// The version of a stored or sent format. Each format has a place for its version; bytes without
// one are version 0, as commit 9994b20 writes them. Readers read every version up to their own
// feature level, and refuse newer versions with this error. Writers write a newer version only once
// the store has reached its level (`storage/ports/feature-level.ts`). Where each format has its
// version, and how to change a format: docs/decisions/031-versions-side-by-side.md.

/** The bytes are of a version that is newer than this code. They are not damaged. */
export class NewerFormatError extends Error {
  readonly code = 'newer-format';

  /** `what` names the bytes, such as `a batch of commands`. */
  constructor(what: string, version: unknown) {
    super(`${what} has format ${String(version)}, which this version cannot read`);
  }
}
