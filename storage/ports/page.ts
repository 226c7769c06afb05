// Paging for every list: a page costs the same at any depth because it continues from a position,
// never from an offset.

/** The cursor did not come from this list. */
export class InvalidCursorError extends Error {
  readonly code = 'invalid-cursor';
}
