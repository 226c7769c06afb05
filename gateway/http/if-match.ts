// If-Match (RFC 9110, 13.1.1): a change is made only to the revision that the client has read
// (H12). A revision is a strong entity tag: its number, in quotes. Comparison is strong, so weak
// tags, with which public reads are cached, never match.

import { Type } from 'typebox';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { problem, type Problem } from './problems.ts';

/** From this feature level on every owner and every service compares revisions. */
const REVISIONS_LEVEL = 3;

/** For the descriptions of routes. */
export const IfMatchHeaders = Type.Object({
  'If-Match': Type.Optional(
    Type.String({
      description: 'The revision that is changed, in quotes; a list of them, or * for any.',
      examples: ['"3"'],
    }),
  ),
});

/** The parameters of an action that may have a condition. Empty: it holds for any revision. */
export interface Condition {
  readonly ok: true;
  readonly params: { readonly ifMatch?: readonly number[] };
}

const NO_CONDITION: Condition = { ok: true, params: {} };
const MALFORMED: Problem = {
  ...problem('invalid-request', 'If-Match: must be * or a list of entity tags, such as "3".'),
  // Also where the body is well-formed.
  status: 400,
};

const TAG = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"';
/** A list may have empty elements (RFC 9110, 5.6.1). */
const TAGS = new RegExp(`^[\\t ,]*${TAG}[\\t ]*(?:,[\\t ]*(?:${TAG}[\\t ]*)?)*$`);
const REVISION = /(?<![^\t ,])"(0|[1-9][0-9]{0,14})"/g;

/**
 * The condition in the request's `If-Match`, or the refusal of a malformed one. Below feature level
 * 3 no condition can be held to: `unavailable`.
 */
export function conditionOf(
  header: (name: string) => string,
  levels: Pick<FeatureLevels, 'reached'>,
): Condition | Problem {
  const text = header('if-match').trim();
  if (text === '') return NO_CONDITION;
  if (text !== '*' && !TAGS.test(text)) return MALFORMED;
  if (levels.reached() < REVISIONS_LEVEL) return problem('unavailable');
  // Whatever is changed exists, so this holds for it.
  if (text === '*') return NO_CONDITION;
  const revisions = [...text.matchAll(REVISION)].map(([, revision]) => Number(revision));
  return { ok: true, params: { ifMatch: revisions } };
}
