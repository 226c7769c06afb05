// The actions that gateways of feature level 0 call during a rolling upgrade. Those gateways check
// the operator's role and the form of a shard's id, fill in defaults and filter shards themselves,
// and pass on only the operator's id.

import type { Operators } from '../app/operator/operators.ts';
import type { Requester } from '../contracts/accounts.ts';
import { OPERATOR_ROLE } from '../contracts/role-names.ts';
import type { ActionHandlers } from './moleculer/define-service.ts';

type NamesOfLevel0 =
  | 'nodes'
  | 'shards'
  | 'moves'
  | 'pin'
  | 'drain'
  | 'undrain'
  | 'rebalance'
  | 'restart'
  | 'rebuild'
  | 'verify';

export function operatorActionsOfLevel0(
  operators: Operators,
): Pick<ActionHandlers<'operator'>, NamesOfLevel0> {
  return {
    nodes: () => operators.nodes({ caller: unnamed }),
    shards: () => operators.shards({ caller: unnamed }),
    moves: ({ limit }) => operators.moves({ caller: unnamed, limit }),
    pin: ({ operatorId, shard, ...params }) =>
      operators.pin({ caller: named(operatorId), shardId: String(shard), ...params }),
    drain: ({ operatorId, ...params }) => operators.drain({ caller: named(operatorId), ...params }),
    undrain: ({ operatorId, ...params }) =>
      operators.undrain({ caller: named(operatorId), ...params }),
    rebalance: ({ operatorId, ...params }) =>
      operators.rebalance({ caller: named(operatorId), ...params }),
    restart: ({ operatorId, ...params }) =>
      operators.restart({ caller: named(operatorId), ...params }),
    rebuild: ({ operatorId, ...params }) =>
      operators.rebuild({ caller: named(operatorId), ...params }),
    verify: () => operators.verify({ caller: unnamed }),
  };
}

function named(userId: string): Requester {
  return { userId, roles: [OPERATOR_ROLE] };
}

/** Actions that only read came without the operator's id, and are not recorded. */
const unnamed = named('');
