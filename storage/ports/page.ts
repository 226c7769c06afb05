// Paging for every list. A page continues from a position, never from an offset, so it costs the
// same at any depth.

/** The cursor is not from this list. */
export class InvalidCursorError extends Error {
  readonly code = 'invalid-cursor';
}
