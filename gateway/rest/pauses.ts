// The routes that pause a drop and let it go on (D8).

import { PauseDetails } from '../../contracts/drops.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { conditionOf } from '../http/if-match.ts';
import { type Route, userRoute } from '../http/route.ts';
import { changedDrop, dropChangeRoute } from './drop-change.ts';

export interface PauseRoutesOptions {
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export function pauseRoutes({ levels }: PauseRoutesOptions): Route[] {
  return [
    userRoute(
      {
        ...dropChangeRoute('pause', 'drops.pause', ['drop-ended']),
        summary:
          'Pause a drop: orders are refused, holds may still be paid, and it ends on time. ' +
          'Twice is a success.',
        body: PauseDetails,
        bodyOptional: true,
      },
      async ({ call, caller, id, body: details, header, request }) => {
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const pause = { caller, dropId: id, details, ...condition.params, request };
        return changedDrop(await call('drops.pause', pause));
      },
    ),
    userRoute(
      {
        ...dropChangeRoute('resume', 'drops.resume', ['drop-ended']),
        refusesBanned: 'everywhere',
        summary: 'Let a paused drop go on: orders are taken again. Twice is a success.',
      },
      async ({ call, caller, id, header, request }) => {
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const resume = { caller, dropId: id, ...condition.params, request };
        return changedDrop(await call('drops.resume', resume));
      },
    ),
  ];
}
