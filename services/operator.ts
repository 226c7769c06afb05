// The Moleculer service of `app/operator/`.

import type { ActionSchema, ServiceSchema } from 'moleculer';
import { Operators, type OperatorsOptions } from '../app/operator/operators.ts';
import { defineService } from './moleculer/define-service.ts';
import { operatorActionsOfLevel0 } from './operator-level-0.ts';

/** Replaying large journals takes longer than other calls may take. */
const REPLAY_TIMEOUT_MS = 600_000;
const REPLAYS = ['verifyJournals', 'rebuildLists', 'verify', 'rebuild'] as const;

export function operatorService(options: OperatorsOptions): ServiceSchema {
  const operators = new Operators(options);
  const { name, actions } = defineService('operator', {
    listNodes: (params) => operators.nodes(params),
    listShards: (params) => operators.shards(params),
    listMoves: (params) => operators.moves(params),
    listActions: (params) => operators.actions(params),
    pinShard: (params) => operators.pin(params),
    drainNode: (params) => operators.drain(params),
    undrainNode: (params) => operators.undrain(params),
    rebalanceShards: (params) => operators.rebalance(params),
    restartNode: (params) => operators.restart(params),
    releaseDrop: (params) => operators.releaseDrop(params),
    rebuildLists: (params) => operators.rebuild(params),
    verifyJournals: (params) => operators.verify(params),
    listRefunds: (params) => operators.refunds(params),
    retryRefund: (params) => operators.retryRefund(params),
    dismissRefund: (params) => operators.dismissRefund(params),
    ...operatorActionsOfLevel0(operators),
  });
  const plain = actions as Record<string, ActionSchema['handler']>;
  const replays: ServiceSchema['actions'] = {};
  for (const action of REPLAYS) replays[action] = replaying(plain[action]);
  return { name, actions: { ...actions, ...replays } };
}

/** Moleculer supports a timeout of one action; its types lack it. */
function replaying(handler: ActionSchema['handler']): ActionSchema & { timeout: number } {
  return { timeout: REPLAY_TIMEOUT_MS, handler };
}
