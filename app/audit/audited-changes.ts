// Records changes of creators and account holders in the audit log (X5), around the use case that
// makes them. The change is begun in the log before it is made and finished afterwards, each
// durably, so that none is without its record: what a crash leaves begun, `AuditUpkeep` records as
// unknown. What is refused, or answered again by its key (H11), changed nothing and is not
// recorded.

import type { ActionName } from '../../contracts/actions.ts';
import type { NewAuditEntry, Origin } from '../../contracts/audit.ts';
import type { Requester } from '../../contracts/accounts.ts';
import type { Outcome, RefusalCode } from '../../contracts/refusals.ts';
import type { AuditLog } from '../../storage/ports/audit-log.ts';
import { isOperator } from '../caller.ts';
import { AUDITED_ACTIONS, type AuditedAction, type AuditedName } from './audited-actions.ts';
import { changesOf, plainFacts } from './facts.ts';
import { tracesOf } from './origin.ts';
import type { Subject, Subjects } from './subjects.ts';

export const NODE_ENDED = 'Nobody told whether it was made: its node ended.';
const FAULT = 'A fault ended it: it is not known whether it was made.';

/** After these a change may have been made all the same. */
const UNCERTAIN: ReadonlySet<RefusalCode> = new Set(['unavailable']);

export interface AuditedChangesOptions {
  readonly auditLog: AuditLog;
  readonly subjects: Pick<Subjects, 'find'>;
  /** A change was made, and its record waits for the upkeep. */
  readonly onUntold: (fault: unknown) => void;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Types are erased: the table's own check that each rule is of its action. */
type AnyRule = AuditedAction<ActionName>;
interface AnyParams {
  readonly caller?: Requester;
  readonly userId?: string;
}

export class AuditedChanges {
  readonly #options: AuditedChangesOptions;

  constructor(options: AuditedChangesOptions) {
    this.#options = options;
  }

  /** The answer of `work`. Errors: `store-unavailable`, before `work` is called, and its own. */
  async run<T>(
    action: AuditedName,
    params: unknown,
    origin: Origin | null,
    work: () => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const { auditLog, subjects, now } = this.#options;
    const rule = AUDITED_ACTIONS[action] as unknown as AnyRule;
    const asked = params as never;
    if (rule.isRecorded?.(asked) === false) return await work();
    const key = rule.subject?.(asked) ?? null;
    const before = key === null ? null : await subjects.find(key);
    const isByLink = key?.type === 'link';
    // A dead link changes nothing, and strangers write nothing into the log by trying some.
    if (isByLink && before === null) return await work();
    const entry: NewAuditEntry = {
      ...this.#whoAsks(params as AnyParams, origin, isByLink ? before : null),
      at: now(),
      action,
      target: rule.target(asked, null, before),
      creatorId: before?.creatorId ?? rule.creatorId?.(asked, null) ?? null,
      params: plainFacts(rule.asked?.(asked, before) ?? {}),
      changes: [],
      outcome: 'unknown',
      result: NODE_ENDED,
    };
    const id = await auditLog.begin(entry);
    let outcome: Outcome<T>;
    try {
      outcome = await work();
    } catch (fault) {
      await this.#tell(() => this.#finish(id, { ...entry, result: FAULT }));
      throw fault;
    }
    await this.#tell(async () => {
      if (outcome.ok && outcome.replayed !== true)
        await this.#finish(id, doneEntry(rule, asked, before, entry, outcome.value));
      else if (!outcome.ok && UNCERTAIN.has(outcome.code))
        await this.#finish(id, { ...entry, result: FAULT });
      else await auditLog.discard(id);
    });
    return outcome;
  }

  /** `holder`: of a mailed link. Nobody has to sign in to follow it. */
  #whoAsks({ caller, userId }: AnyParams, origin: Origin | null, holder: Subject | null) {
    const id = holder?.creatorId ?? origin?.userId ?? caller?.userId ?? userId ?? '';
    return tracesOf(origin, id, caller !== undefined && isOperator(caller) ? 'operator' : 'user');
  }

  async #finish(id: string, entry: NewAuditEntry): Promise<void> {
    const { auditLog } = this.#options;
    // It took so long that the upkeep recorded it as unknown.
    if ((await auditLog.finish(id, entry)) === null) await auditLog.append(entry);
  }

  /** What was answered stays so, whatever becomes of its record. */
  async #tell(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (fault) {
      this.#options.onUntold(fault);
    }
  }
}

function doneEntry(
  rule: AnyRule,
  params: never,
  before: Subject | null,
  entry: NewAuditEntry,
  value: unknown,
): NewAuditEntry {
  const answer = value as never;
  const after = rule.after?.(params, answer);
  // Where the target is new, the subject is what it was made of.
  const was = before === null || entry.target === null ? null : plainFacts(before.facts);
  return {
    ...entry,
    target: rule.target(params, answer, before),
    creatorId: entry.creatorId ?? rule.creatorId?.(params, answer) ?? null,
    changes: after === undefined ? [] : changesOf(was, after === null ? null : plainFacts(after)),
    outcome: 'done',
    result: 'Done.',
  };
}
