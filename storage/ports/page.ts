// Paging for every list: a page costs the same at any depth because it continues from a position, never from an offset.

export interface PageRequest {
  /** 1 to 100. */
  readonly limit: number;
  /** Where the last page ended, exactly as the store gave it; null for the first page. */
  readonly cursor: string | null;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** null when there is nothing after this page. */
  readonly nextCursor: string | null;
}

/** The cursor did not come from this list. */
export class InvalidCursorError extends Error {
  readonly code = 'invalid-cursor';
}
