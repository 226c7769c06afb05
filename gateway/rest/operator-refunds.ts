// The operators' routes to refunds that the payment provider did not make (P6), and to the list of
// payments that operators must look at (P2a, P7).

import { Change } from '../../contracts/operator.ts';
import { ProblemPage, ProblemQuery } from '../../contracts/payment-problems.ts';
import {
  Dismissal,
  RefundChange,
  RefundChangeBody,
  RefundPage,
  RefundQuery,
} from '../../contracts/refunds.ts';
import { presenter } from '../../contracts/wire.ts';
import { jsonReply, type Route, userRoute } from '../http/route.ts';
import { pageBody, problemBody, refundBody } from '../present.ts';
import { operatorRoute } from './operator-route.ts';
import { pageRequest } from './paging.ts';

const changeBody = presenter(RefundChange);

export function operatorRefundRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'payment-problems'),
        summary: 'Payments to look at: rejected, disputed and voided ones, newest first.',
        query: ProblemQuery,
        response: ProblemPage,
      },
      async ({ call, caller, query }) => {
        const { kind, open, ...rest } = query;
        const page = await call('operator.listPaymentProblems', {
          ...(kind !== undefined && { kind }),
          ...(open !== undefined && { open }),
          caller,
          page: pageRequest(rest),
        });
        return page.ok ? jsonReply(200, pageBody(page.value, problemBody)) : page;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'refunds'),
        summary: 'Refunds that the payment provider did not make, newest first.',
        query: RefundQuery,
        response: RefundPage,
      },
      async ({ call, caller, query }) => {
        const { state, ...rest } = query;
        const filter = state === undefined ? {} : { state };
        const page = await call('operator.listRefunds', {
          ...filter,
          caller,
          page: pageRequest(rest),
        });
        return page.ok ? jsonReply(200, pageBody(page.value, refundBody)) : page;
      },
    ),
    userRoute(
      {
        ...operatorRoute('POST', 'refunds/{id}/retry', ['not-found']),
        summary: 'Have a refund attempted again; harmless to repeat.',
        body: Change,
        response: RefundChangeBody,
      },
      async ({ id: refundId, call, caller, body, request }) => {
        const change = { ...body, caller, refundId, request };
        const changed = await call('operator.retryRefund', change);
        return changed.ok ? jsonReply(200, changeBody(changed.value)) : changed;
      },
    ),
    userRoute(
      {
        ...operatorRoute('POST', 'refunds/{id}/dismiss', ['not-found']),
        summary: 'Settle a refund without the provider: it is not attempted again.',
        body: Dismissal,
        response: RefundChangeBody,
      },
      async ({ id: refundId, call, caller, body, request }) => {
        const change = { ...body, caller, refundId, request };
        const changed = await call('operator.dismissRefund', change);
        return changed.ok ? jsonReply(200, changeBody(changed.value)) : changed;
      },
    ),
  ];
}
