// The actions by which gateways up to feature level 6 list what operators did: entries of the audit
// log in the shape that they know. Those of level 0 have checked the operator's role.

import { maySeeOperations } from '../app/caller.ts';
import type { OperatorAction } from '../contracts/operator.ts';
import type { Page, PageRequest } from '../contracts/paging.ts';
import type { AuditLog } from '../storage/ports/audit-log.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { ActionHandlers } from './moleculer/define-service.ts';

export function operatorActionsBelowLevel7(
  log: AuditLog,
): Pick<ActionHandlers<'operator'>, 'actions' | 'listActions'> {
  return {
    actions: async ({ page }) => success(await actionsOf(log, page)),
    listActions: async ({ caller, page }) =>
      maySeeOperations(caller) ? success(await actionsOf(log, page)) : refusal('forbidden'),
  };
}

async function actionsOf(log: AuditLog, page: PageRequest): Promise<Page<OperatorAction>> {
  const { items, nextCursor } = await log.list({}, page);
  const actions = items.map(({ sequence, at, actor, action, params, result }) => {
    return { id: String(sequence), at, operatorId: actor.id, action, params, result };
  });
  return { items: actions, nextCursor };
}
