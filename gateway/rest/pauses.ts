// The routes that pause a drop and let it go on (D8).

import { DropBody, type DropView, PauseDetails } from '../../contracts/drops.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { conditionOf, IfMatchHeaders } from '../http/if-match.ts';
import { jsonReply, type Route, type RouteDefinition, userRoute } from '../http/route.ts';
import { dropBody } from '../present.ts';

export interface PauseRoutesOptions {
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export function pauseRoutes({ levels }: PauseRoutesOptions): Route[] {
  return [
    userRoute(
      {
        ...definitionOf('pause'),
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
        return reply(await call('drops.pause', pause));
      },
    ),
    userRoute(
      {
        ...definitionOf('resume'),
        summary: 'Let a paused drop go on: orders are taken again. Twice is a success.',
      },
      async ({ call, caller, id, header, request }) => {
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const resume = { caller, dropId: id, ...condition.params, request };
        return reply(await call('drops.resume', resume));
      },
    ),
  ];
}

function definitionOf<C extends 'pause' | 'resume'>(change: C) {
  return {
    method: 'POST',
    path: `/v1/drops/{id}/${change}`,
    tag: 'drops',
    access: 'user',
    keyUse: `drops.${change}`,
    rateClass: 'writes',
    headers: IfMatchHeaders,
    keyed: true,
    status: 200,
    response: DropBody,
    refusals: [
      'not-found',
      'forbidden',
      'drop-ended',
      'precondition-failed',
      'unavailable',
      'overloaded',
    ],
  } as const satisfies Partial<RouteDefinition>;
}

function reply(changed: Outcome<DropView>) {
  return changed.ok ? jsonReply(200, dropBody(changed.value)) : changed;
}
