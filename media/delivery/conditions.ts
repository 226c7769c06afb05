// Conditional requests (RFC 9110, section 13) for what has a strong entity tag and no date.

import type { IncomingHttpHeaders } from 'node:http';

const TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/** `not-modified` is 304, `failed` is 412. */
export type Condition = 'send' | 'not-modified' | 'failed';

/** What If-Match and If-None-Match say; dates are ignored, since nothing here has one. */
export function conditionOf(headers: IncomingHttpHeaders, tag: string): Condition {
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && !names(ifMatch, tag, 'strong')) return 'failed';
  const ifNoneMatch = headers['if-none-match'];
  return ifNoneMatch !== undefined && names(ifNoneMatch, tag, 'weak') ? 'not-modified' : 'send';
}

/** Whether Range counts: there is no If-Range, or it has this very tag. A date never matches. */
export function rangeCounts(headers: IncomingHttpHeaders, tag: string): boolean {
  const ifRange = headers['if-range'];
  return ifRange === undefined || String(ifRange).trim() === tag;
}

function names(header: string, tag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  const tags = header.match(TAG) ?? [];
  return tags.some((one) => one === tag || (comparison === 'weak' && one === `W/${tag}`));
}
