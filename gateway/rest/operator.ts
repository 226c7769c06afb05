// The operators' routes (X1 to X3); those to refunds are in `operator-refunds.ts`. A collection
// without paging (nodes, shards) is a list of one page.

import {
  Change,
  MoveList,
  MovePlan,
  MoveQuery,
  NodeList,
  PinChange,
  RebalanceChange,
  RebuildChange,
  RebuildReport,
  ShardList,
  ShardQuery,
  VerifyReport,
} from '../../contracts/operator.ts';
import { moveBody, nodeBody, pageBody, shardBody } from '../present.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';
import type { RouteResult, UserRequest } from '../http/route.ts';
import { operatorBanRoutes } from './bans.ts';
import { sellerRoutes } from './sellers.ts';
import { operatorAccountRoutes } from './operator-accounts.ts';
import { operatorRefundRoutes } from './operator-refunds.ts';
import { operatorRoute } from './operator-route.ts';
import { operatorAlarmRoutes } from './operator-alarms.ts';
import { operatorCacheRoutes } from './operator-caches.ts';
import { operatorLedgerRoutes } from './operator-ledger.ts';
import { operatorPushKeyRoutes } from './operator-push-keys.ts';
import type { MediaUrls } from '../media-urls.ts';
import { operatorMediaRoutes } from './operator-media.ts';
import { operatorSearchRoutes } from './operator-search.ts';
import { reportOfRun, runRoutes, type RunRoutesOptions } from './runs.ts';

type ChangeAction = 'operator.drainNode' | 'operator.undrainNode';

export interface OperatorRoutesOptions extends RunRoutesOptions {
  readonly urls: MediaUrls;
}

export function operatorRoutes(options: OperatorRoutesOptions): Route[] {
  return [
    ...readRoutes(),
    ...shardRoutes(),
    ...nodeRoutes(),
    ...wholeRoutes(),
    ...operatorRefundRoutes(),
    ...operatorAccountRoutes(),
    ...operatorSearchRoutes(),
    ...operatorAlarmRoutes(),
    ...operatorCacheRoutes(),
    ...operatorBanRoutes(),
    ...sellerRoutes(),
    ...operatorMediaRoutes(options),
    ...operatorLedgerRoutes(),
    ...operatorPushKeyRoutes(),
    ...runRoutes(options),
  ];
}

function readRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'nodes'),
        summary: 'The living nodes and those lost lately, with what they carry.',
        response: NodeList,
      },
      async ({ call, caller }) => {
        const nodes = await call('operator.listNodes', { caller });
        return nodes.ok ? jsonReply(200, wholeList(nodes.value, nodeBody)) : nodes;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'shards', ['not-found']),
        summary: 'All shards, or those of one node or in one state.',
        query: ShardQuery,
        response: ShardList,
      },
      async ({ call, caller, query }) => {
        const shards = await call('operator.listShards', { ...query, caller });
        return shards.ok ? jsonReply(200, wholeList(shards.value, shardBody)) : shards;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'moves'),
        summary: 'The last moves of shards, newest first, with how each ended.',
        query: MoveQuery,
        response: MoveList,
      },
      async ({ call, caller, query }) => {
        const moves = await call('operator.listMoves', { ...query, caller });
        return moves.ok ? jsonReply(200, wholeList(moves.value, moveBody)) : moves;
      },
    ),
  ];
}

function shardRoutes(): Route[] {
  const to = (path: string, summary: string): Route =>
    userRoute(
      {
        ...operatorRoute('POST', `shards/{id}/${path}`, ['not-found']),
        summary,
        body: PinChange,
        response: MovePlan,
      },
      (request) => pin(request, request.body.to),
    );
  return [
    to('pin', 'Keep a shard on a node, whichever node would have it otherwise; moves it there.'),
    to('move', 'Move a shard to a node. The same as to pin it: unpin it, and it may go elsewhere.'),
    userRoute(
      {
        ...operatorRoute('POST', 'shards/{id}/unpin', ['not-found']),
        summary: 'Take a shard’s pin away; moves it to the node that has it without.',
        body: Change,
        response: MovePlan,
      },
      (request) => pin(request, null),
    ),
  ];
}

async function pin(
  { id, call, caller, body, request }: UserRequest<unknown, { dryRun?: boolean }>,
  to: string | null,
): Promise<RouteResult> {
  const plan = await call('operator.pinShard', { ...body, caller, shardId: id, to, request });
  return plan.ok ? jsonReply(200, plan.value) : plan;
}

function nodeRoutes(): Route[] {
  const change = (path: string, action: ChangeAction, summary: string): Route =>
    userRoute(
      {
        ...operatorRoute('POST', `nodes/{id}/${path}`, ['not-found']),
        summary,
        body: Change,
        response: MovePlan,
      },
      async ({ id: nodeId, call, caller, body, request }) => {
        const plan = await call(action, { ...body, caller, nodeId, request });
        return plan.ok ? jsonReply(200, plan.value) : plan;
      },
    );
  return [
    change('drain', 'operator.drainNode', 'Move all shards of a node to others and give it none.'),
    change('undrain', 'operator.undrainNode', 'Let a drained node take shards again.'),
    userRoute(
      {
        ...operatorRoute('POST', 'nodes/{id}/restart', ['not-found', 'invalid-request']),
        summary: 'Ask a node to end in good order, for whatever supervises it to start it again.',
        status: 202,
      },
      async ({ id: nodeId, call, caller, request }) => {
        const asked = await call('operator.restartNode', { caller, nodeId, request });
        return asked.ok ? emptyReply(202) : asked;
      },
    ),
  ];
}

function wholeRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('POST', 'drops/{id}/release', ['not-found']),
        summary: 'Serve a quarantined drop again, for example once its defect is mended.',
        status: 204,
      },
      async ({ id: dropId, call, caller, request }) => {
        const released = await call('operator.releaseDrop', { caller, dropId, request });
        return released.ok ? emptyReply(204) : released;
      },
    ),
    userRoute(
      {
        ...operatorRoute('POST', 'rebalance'),
        summary: 'Pin a few shards so that the busiest nodes give some of their load to others.',
        body: RebalanceChange,
        response: MovePlan,
      },
      async ({ call, caller, body, request }) => {
        const plan = await call('operator.rebalanceShards', { ...body, caller, request });
        return plan.ok ? jsonReply(200, plan.value) : plan;
      },
    ),
    userRoute(
      {
        ...operatorRoute('POST', 'rebuild', ['invalid-request', 'already-running']),
        keyed: false,
        summary:
          'Make again what order lists and feeds lost, from the journals, while they are used.',
        body: RebuildChange,
        response: RebuildReport,
      },
      (request) => reportOfRun(request, { kind: 'rebuild', ...request.body }),
    ),
    userRoute(
      {
        ...operatorRoute('POST', 'verify', ['already-running']),
        keyed: false,
        summary: 'Replay all journals and compare them with live state and read models.',
        response: VerifyReport,
      },
      (request) => reportOfRun(request, { kind: 'verify' }),
    ),
  ];
}

/** Nodes, shards and moves are few enough for one page. */
function wholeList<T>(items: readonly T[], present: (item: T) => object): object {
  return pageBody({ items, nextCursor: null }, present);
}
