// Reads the audit log (X5): operators and auditors all of it, creators what concerns them,
// organisations by their owners.

import type { ActionParams } from '../../contracts/actions.ts';
import type { AuditEntry } from '../../contracts/audit.ts';
import type { Page } from '../../contracts/paging.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { AuditLog } from '../../storage/ports/audit-log.ts';
import { maySeeOperations } from '../caller.ts';
import { isMember, mayAct } from '../permissions.ts';

export interface AuditOptions {
  readonly auditLog: Pick<AuditLog, 'list'>;
}

export class Audit {
  readonly #options: AuditOptions;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  async list({
    caller,
    filter,
    page,
  }: ActionParams<'audit.list'>): Promise<Outcome<Page<AuditEntry>>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    return success(await this.#options.auditLog.list(filter, page));
  }

  async ofCreator({
    caller,
    creatorId = caller.userId,
    filter,
    page,
  }: ActionParams<'audit.ofCreator'>): Promise<Outcome<Page<AuditEntry>>> {
    if (!isMember(caller, creatorId)) return refusal('not-found');
    if (!mayAct(caller, creatorId, 'audit.read')) return refusal('forbidden');
    return success(await this.#options.auditLog.list({ ...filter, creatorId }, page));
  }
}
