// What services and owners know only from feature level 3 on. Those of a lower level would lose it
// without a word, so a gateway refuses it until every node is upgraded.

import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { problem, type Problem } from './problems.ts';

const DESCRIPTIONS_LEVEL = 3;

/** The refusal of metadata and external ids that come too early; null where they may pass. */
export function refuseEarly(
  levels: Pick<FeatureLevels, 'reached'>,
  ...fields: readonly unknown[]
): Problem | null {
  if (levels.reached() >= DESCRIPTIONS_LEVEL) return null;
  return fields.every((field) => field === undefined) ? null : problem('unavailable');
}
