// The format of an API key in a durable store: JSON with its version. When a key was last used is
// stored beside it, since that changes by itself.

import type { StoredApiKey } from '../ports/api-keys.ts';
import { NewerFormatError } from './format-version.ts';

const FORMAT = 1;

type Stored = Omit<StoredApiKey, 'lastUsedAt'> & { format: number };

export function encodeApiKey({ lastUsedAt: _lastUsedAt, ...key }: StoredApiKey): string {
  const stored: Stored = { format: FORMAT, ...key };
  return JSON.stringify(stored);
}

/** Errors: `newer-format`. */
export function decodeApiKey(text: string, lastUsedAt: number | null): StoredApiKey {
  const { format, ...key } = JSON.parse(text) as Stored;
  if (format > FORMAT) throw new NewerFormatError('an API key', format);
  return { ...key, lastUsedAt };
}

/** By the time of making, then by id, newest first. */
export function newestKeyFirst(one: StoredApiKey, other: StoredApiKey): number {
  return other.createdAt - one.createdAt || (one.id < other.id ? 1 : -1);
}
