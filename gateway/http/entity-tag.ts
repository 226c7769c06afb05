// Entity tags of public reads (RFC 9110, 8.8.3). They are weak: what has one tag means the same to
// a client, and need not have the same bytes.

import { createHash } from 'node:crypto';

/** The tag of what the content stands for. */
export function contentTag(content: string | Uint8Array): string {
  return `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
}

/** Weak comparison, as If-None-Match requires (RFC 9110, 13.1.2). */
export function matchesTag(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === '') return false;
  if (ifNoneMatch === etag) return true;
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => {
    const candidate = tag.trim();
    return candidate === '*' || candidate.replace(/^W\//, '') === opaque;
  });
}
