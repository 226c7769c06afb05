// Records what operators ask for in the audit log (X3, X5): before a change is made, and a second
// time where making it failed. Refused changes are recorded too.

import { CancelledError } from '../../actors/runs.ts';
import type { AuditEntry, AuditOutcome } from '../../contracts/audit.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import { targetOfParams } from '../../storage/formats/audit-entry.ts';
import type { AuditLog } from '../../storage/ports/audit-log.ts';
import { originNow, tracesOf } from '../audit/origin.ts';

/** Who asks for a change, and by which request where it has a key (H11). */
export interface ChangedBy {
  readonly operatorId: string;
  readonly keyed?: KeyedRequest | undefined;
}

/** The operator and the change, as the log stores them. */
export interface ChangeRequest extends ChangedBy {
  readonly action: string;
  readonly params: AuditEntry['params'];
}

export interface ActionRecordOptions {
  readonly log: AuditLog;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class ActionRecord {
  readonly #options: ActionRecordOptions;

  constructor(options: ActionRecordOptions) {
    this.#options = options;
  }

  /** `result` is one sentence. Durable when it resolves. Errors: `store-unavailable`. */
  async record(
    { operatorId, action, params }: ChangeRequest,
    result: string,
    outcome: AuditOutcome = 'planned',
  ): Promise<void> {
    const { log, now } = this.#options;
    await log.append({
      ...tracesOf(originNow(), operatorId, 'operator'),
      at: now(),
      action,
      params,
      target: targetOfParams(params),
      creatorId: null,
      changes: [],
      outcome,
      result,
    });
  }

  async refuse(request: ChangeRequest, refused: Refusal): Promise<Refusal> {
    await this.record(request, `Refused: ${refused.detail ?? refused.code}`, 'refused');
    return refused;
  }

  /** A recorded change that fails is recorded a second time, with its fault. */
  async recordFault<T>(request: ChangeRequest, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (fault) {
      const why = fault instanceof CancelledError ? fault.message : 'the store did not answer';
      await this.record(request, `Done in part or not at all: ${why}.`, 'failed');
      throw fault;
    }
  }
}
