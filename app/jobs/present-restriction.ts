// Whether the restriction that a job enforces still stands. Operators and creators lift a ban or a
// take-down without ending its job, so each step of the job asks first.

import type { RestrictionKey } from '../../contracts/restrictions.ts';
import type { RestrictionStore } from '../../storage/ports/restrictions.ts';

/**
 * `since`: of the restriction that the job is for. One that has been made anew since then has a job
 * of its own. Undefined in jobs of earlier versions: then any restriction of the key counts. `now`:
 * milliseconds since the Unix epoch. Errors: `store-unavailable`.
 */
export async function isRestrictionPresent(
  restrictions: Pick<RestrictionStore, 'find'>,
  key: RestrictionKey,
  since: number | undefined,
  now: number,
): Promise<boolean> {
  const found = await restrictions.find(key);
  if (found === null || (found.until !== null && found.until <= now)) return false;
  return since === undefined || found.since === since;
}
