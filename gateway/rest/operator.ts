// What operators may ask (X1 to X3): only with the role. What has no end of its own (nodes, shards)
// comes as a list of one page.

import type { RefusalCode } from '../../contracts/refusals.ts';
import { refusal } from '../../domain/refusal.ts';
import {
  ActionPage,
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
import { REBALANCE_MOVES_DEFAULT, PAGE_LIMIT_DEFAULT } from '../../contracts/bounds.ts';
import { SHARD_ID } from '../../contracts/patterns.ts';
import { PageQuery } from '../../contracts/paging.ts';
import { actionBody, moveBody, nodeBody, pageBody, shardBody } from '../present.ts';
import { emptyReply, jsonReply, type Method, type Route, userRoute } from '../http/route.ts';
import type { RouteDefinition, RouteResult, UserRequest } from '../http/route.ts';
import { pageRequest } from './paging.ts';

type OperatorDefinition = RouteDefinition & { access: 'user' };
type ChangeAction = 'operator.drain' | 'operator.undrain';

export function operatorRoutes(): Route[] {
  return [...readRoutes(), ...shardRoutes(), ...nodeRoutes(), ...wholeRoutes()];
}

/** A route for operators: everybody else is refused before anything is asked (X3). */
function operatorRoute<const D extends OperatorDefinition>(
  definition: D,
  handle: Parameters<typeof userRoute<D>>[1],
): Route {
  return userRoute(definition, (request) =>
    request.caller.roles.includes('operator') ? handle(request) : refusal('forbidden'),
  );
}

/** What the definitions of all these routes share. */
function about<const M extends Method>(method: M, path: string, refusals: RefusalCode[] = []) {
  return {
    method,
    path: `/v1/operator/${path}`,
    tag: 'operator',
    access: 'user',
    rateClass: method === 'GET' ? 'reads' : 'writes',
    status: 200,
    refusals: ['forbidden', ...refusals, 'unavailable'],
  } as const;
}

function readRoutes(): Route[] {
  return [
    operatorRoute(
      {
        ...about('GET', 'nodes'),
        summary: 'The living nodes and those lost lately, with what they carry.',
        response: NodeList,
      },
      async ({ call }) => {
        const nodes = await call('operator.nodes', {});
        return nodes.ok ? jsonReply(200, wholeList(nodes.value, nodeBody)) : nodes;
      },
    ),
    operatorRoute(
      {
        ...about('GET', 'shards'),
        summary: 'All shards, or those of one node or in one state.',
        query: ShardQuery,
        response: ShardList,
      },
      async ({ call, query }) => {
        const shards = await call('operator.shards', {});
        if (!shards.ok) return shards;
        const { node, state } = query;
        const shown = shards.value.filter(
          ({ owner, status }) =>
            (node === undefined || owner === node) && (state === undefined || status === state),
        );
        return jsonReply(200, wholeList(shown, shardBody));
      },
    ),
    operatorRoute(
      {
        ...about('GET', 'moves'),
        summary: 'The last moves of shards, newest first, with how each ended.',
        query: MoveQuery,
        response: MoveList,
      },
      async ({ call, query }) => {
        const moves = await call('operator.moves', { limit: query.limit ?? PAGE_LIMIT_DEFAULT });
        return moves.ok ? jsonReply(200, wholeList(moves.value, moveBody)) : moves;
      },
    ),
    operatorRoute(
      {
        ...about('GET', 'actions'),
        summary: 'What operators asked for, newest first, and what came of it.',
        query: PageQuery,
        response: ActionPage,
      },
      async ({ call, query }) => {
        const page = await call('operator.actions', { page: pageRequest(query) });
        return page.ok ? jsonReply(200, pageBody(page.value, actionBody)) : page;
      },
    ),
  ];
}

function shardRoutes(): Route[] {
  const to = (path: string, summary: string): Route =>
    operatorRoute(
      {
        ...about('POST', `shards/{id}/${path}`, ['not-found']),
        summary,
        body: PinChange,
        response: MovePlan,
      },
      (request) => pin(request, request.body.to),
    );
  return [
    to('pin', 'Keep a shard on a node, whichever node would have it otherwise; moves it there.'),
    to('move', 'Move a shard to a node. The same as to pin it: unpin it, and it may go elsewhere.'),
    operatorRoute(
      {
        ...about('POST', 'shards/{id}/unpin', ['not-found']),
        summary: 'Take a shard’s pin away; moves it to the node that has it without.',
        body: Change,
        response: MovePlan,
      },
      (request) => pin(request, null),
    ),
  ];
}

async function pin(
  { id, call, caller, body }: UserRequest<unknown, { dryRun?: boolean }>,
  to: string | null,
): Promise<RouteResult> {
  if (!shardForm.test(id)) return refusal('not-found');
  const plan = await call('operator.pin', {
    operatorId: caller.userId,
    shard: Number(id),
    to,
    dryRun: body.dryRun ?? false,
  });
  return plan.ok ? jsonReply(200, plan.value) : plan;
}

const shardForm = new RegExp(SHARD_ID);

function nodeRoutes(): Route[] {
  const change = (path: string, action: ChangeAction, summary: string): Route =>
    operatorRoute(
      {
        ...about('POST', `nodes/{id}/${path}`, ['not-found']),
        summary,
        body: Change,
        response: MovePlan,
      },
      async ({ id: nodeId, call, caller, body }) => {
        const { dryRun = false } = body;
        const plan = await call(action, { operatorId: caller.userId, nodeId, dryRun });
        return plan.ok ? jsonReply(200, plan.value) : plan;
      },
    );
  return [
    change('drain', 'operator.drain', 'Move all shards of a node to others and give it none.'),
    change('undrain', 'operator.undrain', 'Let a drained node take shards again.'),
    operatorRoute(
      {
        ...about('POST', 'nodes/{id}/restart', ['not-found', 'invalid-request']),
        summary: 'Ask a node to end in good order, for whatever supervises it to start it again.',
        status: 202,
      },
      async ({ id: nodeId, call, caller }) => {
        const asked = await call('operator.restart', { operatorId: caller.userId, nodeId });
        return asked.ok ? emptyReply(202) : asked;
      },
    ),
  ];
}

function wholeRoutes(): Route[] {
  return [
    operatorRoute(
      {
        ...about('POST', 'rebalance'),
        summary: 'Pin a few shards so that the busiest nodes give some of their load to others.',
        body: RebalanceChange,
        response: MovePlan,
      },
      async ({ call, caller, body }) => {
        const { movesMax = REBALANCE_MOVES_DEFAULT, dryRun = false } = body;
        const operatorId = caller.userId;
        const plan = await call('operator.rebalance', { operatorId, movesMax, dryRun });
        return plan.ok ? jsonReply(200, plan.value) : plan;
      },
    ),
    operatorRoute(
      {
        ...about('POST', 'rebuild', ['invalid-request']),
        summary:
          'Make again what order lists and feeds lost, from the journals, while they are used.',
        body: RebuildChange,
        response: RebuildReport,
      },
      async ({ call, caller, body }) => {
        const { shards = null, dryRun = false } = body;
        const report = await call('operator.rebuild', {
          operatorId: caller.userId,
          shards,
          dryRun,
        });
        return report.ok ? jsonReply(200, report.value) : report;
      },
    ),
    operatorRoute(
      {
        ...about('POST', 'verify'),
        summary: 'Replay all journals and compare them with live state and read models.',
        response: VerifyReport,
      },
      async ({ call }) => {
        const report = await call('operator.verify', {});
        return report.ok ? jsonReply(200, report.value) : report;
      },
    ),
  ];
}

/** Nodes, shards and moves are few enough to come as one page. */
function wholeList<T>(items: readonly T[], present: (item: T) => object): object {
  return pageBody({ items, nextCursor: null }, present);
}

/** A service of level 0 leaves the level out. */
