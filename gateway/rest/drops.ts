// Drops: made, read, listed, changed and cancelled (D1 to D4, S4). Selling is the order path's.

import { DROP_AHEAD_MAX_MS } from '../../contracts/bounds.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { Caller } from '../../contracts/commands.ts';
import {
  type NewDrop as DropDraft,
  DropBody,
  DropPage,
  DropPatchBody,
  DropQuery,
  NewDropBody,
} from '../../contracts/drops.ts';
import type { TokenIdentity } from '../../contracts/accounts.ts';
import type { DropViews } from '../drop-views.ts';
import { dropBody, pageBody } from '../present.ts';
import type { Problem } from '../http/problems.ts';
import { jsonReply, route, type Route, userRoute } from '../http/route.ts';
import { pageRequest } from './paging.ts';

const TAG = 'drops';

export interface DropRoutesOptions {
  readonly router: CommandRouter;
  readonly views: DropViews;
  readonly now: () => number;
}

export function callerOf(user: TokenIdentity): Caller {
  return { userId: user.userId, operator: user.roles.includes('operator') };
}

function unprocessable(detail: string): Problem {
  return { ok: false, code: 'invalid-request', status: 422, detail };
}

/** Milliseconds since the epoch; a leap second has the right form but no such number. */
function parseTime(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

/**
 * What is wrong with times given together; null when nothing is. Times left out are the actor's to
 * compare.
 */
function wrongTimes(startsAt = Number.NaN, endsAt = Number.NaN, now: number): Problem | null {
  if (startsAt >= endsAt) return unprocessable('endsAt: must be after startsAt.');
  if (endsAt <= now) return unprocessable('endsAt: must be in the future.');
  if (Math.max(startsAt || 0, endsAt || 0) > now + DROP_AHEAD_MAX_MS) {
    return unprocessable('endsAt: must be within a year.');
  }
  return null;
}

function wrongTimeText(times: readonly (readonly [string, number | undefined])[]): Problem | null {
  const wrong = times.find(([, time]) => Number.isNaN(time));
  return wrong === undefined ? null : unprocessable(`${wrong[0]}: is not a time.`);
}

export function dropRoutes(options: DropRoutesOptions): Route[] {
  return [...creatorRoutes(options), ...readRoutes(options)];
}

function creatorRoutes({ router, views, now }: DropRoutesOptions): Route[] {
  return [
    userRoute(
      {
        method: 'POST',
        path: '/v1/products/{id}/drops',
        summary: 'Make a drop of a product of one’s own.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        body: NewDropBody,
        status: 201,
        response: DropBody,
        refusals: ['not-found', 'forbidden', 'unavailable', 'overloaded'],
      },
      async ({ call, id, body, user }) => {
        const startsAt = Date.parse(body.startsAt);
        const endsAt = Date.parse(body.endsAt);
        const wrong =
          wrongTimeText([
            ['startsAt', startsAt],
            ['endsAt', endsAt],
          ]) ?? wrongTimes(startsAt, endsAt, now());
        if (wrong !== null) return wrong;
        const drop: DropDraft = {
          ...body,
          startsAt,
          endsAt,
        };
        const callerId = user.userId;
        const made = await call('catalogue.addDrop', { callerId, productId: id, drop });
        if (!made.ok) return made;
        views.offer(made.value);
        return jsonReply(201, dropBody(made.value), [['location', `/v1/drops/${made.value.id}`]]);
      },
    ),
    userRoute(
      {
        method: 'PATCH',
        path: '/v1/drops/{id}',
        summary:
          'Change a drop: times and limits before the start, afterwards an earlier end and stock.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        body: DropPatchBody,
        status: 200,
        response: DropBody,
        refusals: [
          'not-found',
          'forbidden',
          'drop-already-started',
          'drop-ended',
          'insufficient-stock',
          'unavailable',
          'overloaded',
        ],
      },
      async ({ id, body, user }) => {
        const { limitPerUser, addStock } = body;
        const startsAt = parseTime(body.startsAt);
        const endsAt = parseTime(body.endsAt);
        const wrong =
          wrongTimeText([
            ['startsAt', startsAt],
            ['endsAt', endsAt],
          ]) ?? wrongTimes(startsAt, endsAt, now());
        if (wrong !== null) return wrong;
        if (addStock === 0) return unprocessable('addStock: must not be 0.');
        const changed = await router.send({
          type: 'amend-drop',
          dropId: id,
          caller: callerOf(user),
          ...(startsAt !== undefined && { startsAt }),
          ...(endsAt !== undefined && { endsAt }),
          ...(limitPerUser !== undefined && { limitPerUser }),
          ...(addStock !== undefined && { addStock }),
        });
        if (!changed.ok) return changed;
        views.offer(changed.value);
        return jsonReply(200, dropBody(changed.value));
      },
    ),
    userRoute(
      {
        method: 'POST',
        path: '/v1/drops/{id}/cancel',
        summary: 'Cancel a drop: held orders are cancelled, confirmed ones refunded.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        status: 200,
        response: DropBody,
        refusals: ['not-found', 'forbidden', 'drop-ended', 'unavailable', 'overloaded'],
      },
      async ({ id, user }) => {
        const cancelled = await router.send({
          type: 'cancel-drop',
          dropId: id,
          caller: callerOf(user),
        });
        if (!cancelled.ok) return cancelled;
        views.offer(cancelled.value);
        return jsonReply(200, dropBody(cancelled.value));
      },
    ),
  ];
}

function readRoutes({ views }: DropRoutesOptions): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/v1/drops/{id}',
        summary: 'A drop with its stock, as of one version.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        status: 200,
        response: DropBody,
        refusals: ['not-found', 'unavailable', 'overloaded'],
        cache: 'public, no-cache',
      },
      async ({ id }) => {
        const drop = await views.get(id);
        if (!drop.ok) return drop;
        const { version, status } = drop.value;
        return jsonReply(200, dropBody(drop.value), [['etag', `W/"${version}-${status}"`]]);
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/drops',
        summary: 'Drops, newest first. The stock shown may be a second old.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        query: DropQuery,
        status: 200,
        response: DropPage,
        refusals: ['unavailable'],
        cache: 'public, max-age=1',
      },
      async ({ call, query }) => {
        const { status, creator_id: creatorId, product_id: productId } = query;
        const page = await call('catalogue.drops', {
          ...(status !== undefined && { status }),
          ...(creatorId !== undefined && { creatorId }),
          ...(productId !== undefined && { productId }),
          page: pageRequest(query),
        });
        return page.ok ? jsonReply(200, pageBody(page.value, dropBody)) : page;
      },
    ),
  ];
}
