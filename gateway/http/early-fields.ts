// What services and owners know only from a feature level on. Those of a lower level would lose it
// without a word, so a gateway refuses it until every node is upgraded.

import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { problem, type Problem } from './problems.ts';

const DESCRIPTIONS_LEVEL = 3;
const ACCESS_LEVEL = 4;
const MEDIA_LEVEL = 6;
const UNLISTED_LEVEL = 7;

/** The refusal of metadata and external ids that come too early; null where they may pass. */
export function refuseEarly(
  levels: Pick<FeatureLevels, 'reached'>,
  ...fields: readonly unknown[]
): Problem | null {
  return refuseBelow(DESCRIPTIONS_LEVEL, levels, fields);
}

/** The refusal of who may buy, where it comes too early; null where it may pass. */
export function refuseEarlyAccess(
  levels: Pick<FeatureLevels, 'reached'>,
  {
    access,
    earlyAccessSeconds,
  }: { readonly access?: unknown; readonly earlyAccessSeconds?: unknown },
): Problem | null {
  return refuseBelow(ACCESS_LEVEL, levels, [access, earlyAccessSeconds]);
}

/** The refusal of media that come too early; null where they may pass. */
export function refuseEarlyMedia(
  levels: Pick<FeatureLevels, 'reached'>,
  ...fields: readonly unknown[]
): Problem | null {
  return refuseBelow(MEDIA_LEVEL, levels, fields);
}

/** The refusal to make or list what is unlisted too early; null where it may pass. */
export function refuseEarlyUnlisted(
  levels: Pick<FeatureLevels, 'reached'>,
  unlisted: boolean | undefined,
): Problem | null {
  return refuseBelow(UNLISTED_LEVEL, levels, [unlisted || undefined]);
}

function refuseBelow(
  level: number,
  levels: Pick<FeatureLevels, 'reached'>,
  fields: readonly unknown[],
): Problem | null {
  if (levels.reached() >= level) return null;
  return fields.every((field) => field === undefined) ? null : problem('unavailable');
}
