// The operators' routes to the search indexes of nodes.

import { SearchNodeList } from '../../contracts/search.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';
import { pageBody, searchNodeBody } from '../present.ts';
import { operatorRoute } from './operator-route.ts';

export function operatorSearchRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'search'),
        summary: 'The search indexes of all nodes: how far behind, how large, what is rebuilt.',
        response: SearchNodeList,
      },
      async ({ call, caller }) => {
        const nodes = await call('operator.listSearchNodes', { caller });
        if (!nodes.ok) return nodes;
        return jsonReply(200, pageBody({ items: nodes.value, nextCursor: null }, searchNodeBody));
      },
    ),
    userRoute(
      {
        ...operatorRoute('POST', 'search/{id}/rebuild', ['not-found', 'already-running']),
        keyed: false,
        summary:
          'Make a node’s search index anew, in the background; the old one serves meanwhile.',
        status: 202,
      },
      async ({ id: nodeId, call, caller }) => {
        const started = await call('operator.rebuildSearch', { caller, nodeId });
        return started.ok ? emptyReply(202) : started;
      },
    ),
  ];
}
