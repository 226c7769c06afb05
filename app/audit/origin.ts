// The origin of the call that a service is answering, for whoever writes to the audit log (X5).

import { AsyncLocalStorage } from 'node:async_hooks';
import type { ActorKind, NewAuditEntry, Origin } from '../../contracts/audit.ts';

const origins = new AsyncLocalStorage<Origin>();

/** Undefined: of a node of an earlier version. */
export function withOrigin<T>(origin: Origin | undefined, work: () => T): T {
  return origin === undefined ? work() : origins.run(origin, work);
}

export function originNow(): Origin | null {
  return origins.getStore() ?? null;
}

/** Who and from where, as the log has it. `userId` and `kind`: of callers without an origin. */
export function tracesOf(
  origin: Origin | null,
  userId: string,
  kind: ActorKind,
): Pick<NewAuditEntry, 'actor' | 'address' | 'requestId'> {
  if (origin === null)
    return { actor: { kind, id: userId, keyId: null }, address: null, requestId: null };
  const { keyId, address, requestId } = origin;
  return { actor: { kind: origin.kind, id: userId, keyId }, address, requestId };
}
