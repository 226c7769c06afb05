// A service whose changes are recorded in the audit log (X5), around the handlers that
// `define-service.ts` made.

import type { Context, ServiceSchema } from 'moleculer';
import { isAudited } from '../../app/audit/audited-actions.ts';
import type { AuditedChanges } from '../../app/audit/audited-changes.ts';
import type { Origin } from '../../contracts/audit.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal } from '../../domain/refusal.ts';

type Handler = (context: Context<unknown>) => Promise<Outcome<unknown>>;

export function auditedService(
  service: ServiceSchema,
  changes: Pick<AuditedChanges, 'run'>,
): ServiceSchema {
  const actions = { ...service.actions };
  for (const name of Object.keys(actions)) {
    const action = `${service.name}.${name}`;
    if (!isAudited(action)) continue;
    const handler = actions[name] as Handler;
    const audited: Handler = async (context) => {
      const { origin = null } = context.meta as { origin?: Origin };
      try {
        return await changes.run(action, context.params, origin, () => handler(context));
      } catch (error) {
        if ((error as { code?: unknown } | null)?.code !== 'store-unavailable') throw error;
        context.broker.logger.warn(`${action} could not be recorded`, error);
        return refusal('unavailable');
      }
    };
    actions[name] = audited;
  }
  return { ...service, actions };
}
