// What the server does by itself with refunds that the provider did not make, in the audit log
// (X5): that one is parked, and each attempt at it with its outcome. So it is in the ledger, too.
// The provider's own words stay out of the log: nobody knows what is in them.

import type { AuditOutcome, NewAuditEntry } from '../../contracts/audit.ts';
import type { ParkedRefund } from '../../contracts/refunds.ts';
import type { AuditLog } from '../../storage/ports/audit-log.ts';
import type { ParkedRefunds } from '../../storage/ports/parked-refunds.ts';
import type { WarningLog } from '../warning-log.ts';
import type { Failure } from './provider-call.ts';

/** The actor of what nobody asked for. No account has this id. */
const SYSTEM = { kind: 'system', id: 'system', keyId: null } as const;
const ATTEMPT = 'attempt-refund';
const NODE_ENDED = 'Nobody told what the provider answered: the node ended.';
const REFUSED = 'The provider refused it for good.';
const FAILED = 'The provider did not answer that it is made.';

export interface RefundStores {
  readonly parkedRefunds: Pick<ParkedRefunds, 'park'>;
  readonly auditLog: Pick<AuditLog, 'append'>;
}

/**
 * Parks a refund, then records that. Both are durable when it resolves to true; false: there was no
 * room (`ParkedRefunds.park`). Who repeats it after a crash or an error parks it once, and may
 * record it twice. Errors: `store-unavailable`.
 */
export async function parkRecorded(
  { parkedRefunds, auditLog }: RefundStores,
  refund: ParkedRefund,
): Promise<boolean> {
  if (!(await parkedRefunds.park(refund))) return false;
  await auditLog.append({
    ...entryOf(refund, 'park-refund', refund.parkedAt),
    changes: [{ field: 'state', before: null, after: 'parked' }],
    outcome: 'done',
    result: refund.refused ? REFUSED : FAILED,
  });
  return true;
}

/** The record of one attempt: begun before the call, and finished with what came of it. */
export class RecordedAttempt {
  readonly #auditLog: Pick<AuditLog, 'append' | 'finish'>;
  readonly #id: string;
  readonly #entry: NewAuditEntry;

  private constructor(
    auditLog: Pick<AuditLog, 'append' | 'finish'>,
    id: string,
    entry: NewAuditEntry,
  ) {
    this.#auditLog = auditLog;
    this.#id = id;
    this.#entry = entry;
  }

  /**
   * Durable when it resolves. `at`: milliseconds since the Unix epoch. Errors: `store-unavailable`.
   */
  static async begin(
    auditLog: Pick<AuditLog, 'append' | 'begin' | 'finish'>,
    refund: ParkedRefund,
    at: number,
  ): Promise<RecordedAttempt> {
    const entry = entryOf(refund, ATTEMPT, at);
    return new RecordedAttempt(auditLog, await auditLog.begin(entry), entry);
  }

  /**
   * Null: it is made. Never rejects: where the log is away, its upkeep records the attempt as
   * unknown, and what the provider answered counts all the same.
   */
  async finish(failure: Failure | null, log: WarningLog): Promise<void> {
    const entry = { ...this.#entry, ...endOf(failure) };
    try {
      // It took so long that the upkeep recorded it as unknown.
      if ((await this.#auditLog.finish(this.#id, entry)) === null)
        await this.#auditLog.append(entry);
    } catch (error) {
      log.warn({ err: error, ...entry.target }, 'an attempt at a refund is not yet recorded');
    }
  }
}

function endOf(failure: Failure | null): Pick<NewAuditEntry, 'changes' | 'outcome' | 'result'> {
  if (failure === null) {
    const made = { field: 'state', before: 'parked', after: 'done' };
    return { changes: [made], outcome: 'done', result: 'The provider made it.' };
  }
  const outcome: AuditOutcome = failure.refused ? 'refused' : 'failed';
  return { changes: [], outcome, result: failure.refused ? REFUSED : FAILED };
}

/** As it is to be recorded, had nobody finished it. */
function entryOf(refund: ParkedRefund, action: string, at: number): NewAuditEntry {
  const { id, creatorId, orderId, dropId, amount, currency, attempts } = refund;
  return {
    at,
    actor: SYSTEM,
    action,
    target: { type: 'refund', id },
    creatorId,
    params: { orderId, dropId, amount, currency, failedAttempts: attempts },
    changes: [],
    outcome: 'unknown',
    result: NODE_ENDED,
    address: null,
    requestId: null,
  };
}
