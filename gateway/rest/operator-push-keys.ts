// The operators' routes to the keys of pushes (R1).

import { PushKeyList, PushKeyRotation, PushKeyRow } from '../../contracts/push-keys.ts';
import { presenter } from '../../contracts/wire.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';
import { pageBody } from '../present.ts';
import { operatorRoute } from './operator-route.ts';

const keyBody = presenter(PushKeyRow);

function listBody(rows: readonly PushKeyRow[]) {
  return jsonReply(200, pageBody({ items: rows, nextCursor: null }, keyBody));
}

export function operatorPushKeyRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'push-keys'),
        summary: 'The keys of pushes (VAPID), the present one first.',
        response: PushKeyList,
      },
      async ({ call, caller }) => {
        const rows = await call('operator.listPushKeys', { caller });
        return rows.ok ? listBody(rows.value) : rows;
      },
    ),
    userRoute(
      {
        ...operatorRoute('PUT', 'push-keys', ['not-found', 'too-many']),
        summary: 'Make a new present key. The ones before serve those who subscribed with them.',
        body: PushKeyRotation,
        response: PushKeyList,
      },
      async ({ call, caller, body: { after } }) => {
        const rows = await call('operator.rotatePushKeys', { caller, after });
        return rows.ok ? listBody(rows.value) : rows;
      },
    ),
    userRoute(
      {
        ...operatorRoute('DELETE', 'push-keys/{id}', ['not-found']),
        summary: 'Remove an old key. Who subscribed with it gets no pushes any more.',
        status: 204,
      },
      async ({ id: keyId, call, caller }) => {
        const removed = await call('operator.removePushKey', { caller, keyId });
        return removed.ok ? emptyReply(204) : removed;
      },
    ),
  ];
}
