// The routes of the audit log (X5).

import type { Static } from 'typebox';
import { AuditPage, AuditQuery, CreatorAuditQuery } from '../../contracts/audit.ts';
import { jsonReply, type Route, userRoute } from '../http/route.ts';
import { auditEntryBody, pageBody } from '../present.ts';
import { operatorRoute } from './operator-route.ts';
import { pageRequest } from './paging.ts';

export function auditRoutes(): Route[] {
  return [
    userRoute(
      {
        method: 'GET',
        path: '/v1/audit',
        tag: 'audit',
        access: 'user',
        rateClass: 'reads',
        status: 200,
        summary:
          'What was changed of one’s account, products and drops, or of those of an organisation ' +
          'that one owns: by whom and from where; newest first.',
        action: 'audit.read',
        query: CreatorAuditQuery,
        response: AuditPage,
        refusals: ['not-found', 'forbidden', 'unavailable'],
      },
      async ({ call, caller, query }) => {
        const { creator_id: creatorId } = query;
        const page = await call('audit.ofCreator', {
          caller,
          ...(creatorId !== undefined && { creatorId }),
          ...asked(query),
        });
        return page.ok ? jsonReply(200, pageBody(page.value, auditEntryBody)) : page;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'audit'),
        summary:
          'What operators and creators changed, and what operators were refused: newest first. A ' +
          'page may be short, or empty, before the last one.',
        query: AuditQuery,
        response: AuditPage,
      },
      async ({ call, caller, query }) => {
        const page = await call('audit.list', { caller, ...asked(query) });
        return page.ok ? jsonReply(200, pageBody(page.value, auditEntryBody)) : page;
      },
    ),
  ];
}

function asked({ actor, action, target, from, to, ...page }: Static<typeof AuditQuery>) {
  const filter = {
    ...(actor !== undefined && { actor }),
    ...(action !== undefined && { action }),
    ...(target !== undefined && { target }),
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
  };
  return { filter, page: pageRequest(page) };
}
