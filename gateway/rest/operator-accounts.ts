// The operators' routes to who is an operator (X3a).

import {
  AddedOperator,
  NewOperator,
  OperatorList,
  OperatorRow,
} from '../../contracts/operator-accounts.ts';
import { presenter, wire } from '../../contracts/wire.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';
import { pageBody } from '../present.ts';
import { operatorRoute } from './operator-route.ts';

const addedBody = presenter(AddedOperator);
const operatorBody = presenter(OperatorRow);

export function operatorAccountRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'operators'),
        summary: 'The accounts of operators and auditors.',
        response: OperatorList,
      },
      async ({ call, caller }) => {
        const rows = await call('operator.listOperators', { caller });
        if (!rows.ok) return rows;
        return jsonReply(200, pageBody({ items: rows.value, nextCursor: null }, operatorBody));
      },
    ),
    userRoute(
      {
        ...operatorRoute('POST', 'operators', ['too-many', 'email-taken', 'overloaded']),
        keyed: false,
        summary:
          'Make an account an operator’s or an auditor’s, with a new second factor. Its sessions ' +
          'end. Where there is no account of the address, one is made.',
        body: NewOperator,
        response: wire(AddedOperator),
      },
      async ({ call, caller, body }) => {
        const added = await call('operator.addOperator', { caller, operator: body });
        return added.ok ? jsonReply(200, addedBody(added.value)) : added;
      },
    ),
    userRoute(
      {
        ...operatorRoute('DELETE', 'operators/{id}', ['not-found']),
        idsOfUsers: ['id'],
        summary: 'Take the role away. The account stays; its sessions end.',
        status: 204,
      },
      async ({ id: userId, call, caller }) => {
        const removed = await call('operator.removeOperator', { caller, userId });
        return removed.ok ? emptyReply(204) : removed;
      },
    ),
  ];
}
